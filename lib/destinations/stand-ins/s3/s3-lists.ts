import type { S3Objects, StoredVersion } from "./s3-objects.ts";
import { encodedKey, iso, text, versionXml, xml } from "./s3-xml.ts";

const pageMax = 1_000;

/** `ListObjectsV2`: the newest versions in key order. */
export function listObjects(objects: S3Objects, query: URLSearchParams): string {
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
  const limit = limitOf(query);
  const found: StoredVersion[] = [];
  for (const key of keysAfter(objects, query.get("prefix") ?? "", after)) {
    const newest = objects.versionsOf(key).at(-1);
    if (newest !== undefined && !newest.isDeleteMarker) found.push(newest);
    if (found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  const isTruncated = found.length > limit;
  return xml("ListBucketResult", [
    text("EncodingType", "url"),
    text("IsTruncated", isTruncated),
    text("KeyCount", shown.length),
    ...(isTruncated ? [text("NextContinuationToken", Buffer.from(shown.at(-1)?.key ?? "").toString("base64url"))] : []),
    ...shown.map((version) =>
      xml("Contents", [
        text("Key", encodedKey(version.key)),
        text("LastModified", iso(version.modifiedAtMs)),
        text("ETag", version.etag),
        text("Size", version.bytes),
      ]),
    ),
  ]);
}

/** `ListObjectVersions`: all versions and delete markers by key, newest first. */
export function listVersions(objects: S3Objects, query: URLSearchParams): string {
  const limit = limitOf(query);
  const [keyMarker, versionMarker] = [query.get("key-marker") ?? "", query.get("version-id-marker")];
  const found: { version: StoredVersion; isLatest: boolean }[] = [];
  for (const key of keysFrom(objects, query.get("prefix") ?? "", keyMarker, versionMarker !== null)) {
    const versions = objects.versionsOf(key).toReversed();
    const skipped = key === keyMarker ? versions.findIndex(({ id }) => id === versionMarker) + 1 : 0;
    versions.slice(skipped).forEach((version, index) => {
      found.push({ version, isLatest: index + skipped === 0 });
    });
    if (found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1)?.version : undefined;
  return xml("ListVersionsResult", [
    text("EncodingType", "url"),
    text("IsTruncated", last !== undefined),
    ...(last ? [text("NextKeyMarker", encodedKey(last.key)), text("NextVersionIdMarker", last.id)] : []),
    ...shown.map(({ version, isLatest }) => versionXml(version, isLatest)),
  ]);
}

export function listUploads(keys: readonly string[]): string {
  const uploads = keys.map((key) => xml("Upload", [text("Key", encodedKey(key)), text("UploadId", "x")]));
  return xml("ListMultipartUploadsResult", [text("EncodingType", "url"), text("IsTruncated", false), ...uploads]);
}

function limitOf(query: URLSearchParams): number {
  return Math.min(pageMax, Number(query.get("max-keys") ?? pageMax));
}

function keysAfter(objects: S3Objects, prefix: string, after: string): readonly string[] {
  return keysFrom(objects, prefix, after, false);
}

function keysFrom(objects: S3Objects, prefix: string, start: string, isInclusive: boolean): readonly string[] {
  const bytes = Buffer.from(start);
  return objects.keys.filter((key) => {
    if (!key.startsWith(prefix)) return false;
    if (start === "") return true;
    const order = Buffer.compare(Buffer.from(key), bytes);
    return isInclusive ? order >= 0 : order > 0;
  });
}
