import { ListObjectsV2Command, ListObjectVersionsCommand, type ObjectVersion, type S3Client } from "@aws-sdk/client-s3";
import type { FileInfo } from "../../flows/ports.ts";
import type { Instant } from "../../model/time.ts";
import { decodedKey, isVersioned, soleVersion, versionOf } from "./object-keys.ts";

export interface ListedBucket {
  readonly client: S3Client;
  readonly bucket: string;
}

interface ListOptions {
  readonly prefix: string;
  readonly after: string | undefined;
}

/** The newest versions in key order, without their ids: for keys that have but one. */
export async function* listObjects(
  { client, bucket }: ListedBucket,
  { prefix, after, limit }: ListOptions & { readonly limit: number },
): AsyncGenerator<FileInfo> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        StartAfter: after,
        ContinuationToken: token,
        EncodingType: "url",
        MaxKeys: Math.min(limit, 1_000),
      }),
    );
    const decoded = decoderOf(page);
    for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
      yield { key: decoded(Key), version: soleVersion, bytes: Size, modifiedAt: instantOf(LastModified) };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** What a bucket keeps of one key. */
export interface ListedKey {
  readonly key: string;
  /** Newest first. */
  readonly versions: FileInfo[];
  /** Ids of all versions and delete markers, as S3 calls them. */
  readonly ids: string[];
  /** Whether the newest is a delete marker: readers are told that there is nothing. */
  isDeleted: boolean;
}

/** All that a bucket keeps under a prefix, in key order, what was deleted included. */
export async function* listVersions(
  { client, bucket }: ListedBucket,
  { prefix, after }: ListOptions,
): AsyncGenerator<ListedKey> {
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = { KeyMarker: after };
  let open = new Map<string, ListedKey>();
  for (;;) {
    const page = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: "url", ...marker }),
    );
    const decoded = decoderOf(page);
    for (const version of page.Versions ?? []) {
      const listed = listedIn(open, decoded, version);
      listed.versions.push(infoOf(listed.key, version));
    }
    for (const deletion of page.DeleteMarkers ?? []) {
      listedIn(open, decoded, deletion).isDeleted ||= deletion.IsLatest === true;
    }
    const keys = [...open.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    // The next page may hold more of the last key.
    const unfinished = page.IsTruncated === true ? keys.pop() : undefined;
    // A marker without a version means "after" to S3, and "from" to some of its likes.
    yield* keys.filter(({ key }) => key !== after);
    if (page.IsTruncated !== true) return;
    open = new Map(unfinished === undefined ? [] : [[unfinished.key, unfinished]]);
    marker = { KeyMarker: decoded(page.NextKeyMarker ?? ""), VersionIdMarker: page.NextVersionIdMarker };
  }
}

type Decoder = (key: string) => string;

/** Keys come encoded where the answer says so: not all of S3's likes heed the wish. */
function decoderOf({ EncodingType }: { readonly EncodingType?: string | undefined }): Decoder {
  return EncodingType === "url" ? decodedKey : (key) => key;
}

function listedIn(
  open: Map<string, ListedKey>,
  decoded: Decoder,
  { Key = "", VersionId = "" }: ObjectVersion,
): ListedKey {
  const key = decoded(Key);
  const listed = open.get(key) ?? { key, versions: [], ids: [], isDeleted: false };
  open.set(key, listed);
  listed.ids.push(VersionId);
  return listed;
}

function infoOf(key: string, { VersionId, Size = 0, LastModified }: ObjectVersion): FileInfo {
  return { key, version: versionOf(key, VersionId), bytes: Size, modifiedAt: instantOf(LastModified) };
}

/** To the second, as S3 tells it. */
export function instantOf(date: Date | undefined): Instant {
  if (date === undefined) throw new TypeError("S3 names no time of change");
  return date.getTime() as Instant;
}

/** What readers are to see of a key: all its versions, oldest first, or the newest alone where it has but one. */
export function visibleVersions({ key, versions, isDeleted }: ListedKey): readonly FileInfo[] {
  if (isDeleted) return [];
  return isVersioned(key) ? versions.toReversed() : versions.slice(0, 1);
}
