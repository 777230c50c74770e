import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { FileBody } from "../../flows/ports.ts";
import { isAbsence, isPreconditionFailure, isRace } from "./object-errors.ts";
import { attemptsOf, nameOf, type RetryOptions, retrying } from "./retry.ts";

/** Where an object is put. */
export interface UploadTarget extends RetryOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

/** A body of more goes in parts of so much. */
const partBytes = 8 * 1024 * 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const partsMax = 10_000;
/** Parts in flight: with `partBytes` the memory that an upload takes. */
const partsAtOnce = 4;

const raceTries = { triesMax: 8, firstDelayMsMax: 50, delayMsMax: 1_000, isWorthIt: isRace } as const;

/** Puts a body; answers the version's id, as S3 calls it. */
export async function uploadObject(target: UploadTarget, body: FileBody): Promise<string | undefined> {
  return retrying(target, raceTries, async () => (await send(target, body, {})).VersionId);
}

/** The tag by which a put finds out whether what is there is its own work. */
const putTag = "put";

/**
 * Puts a body where the key holds nothing. A try whose answer got lost may have put it, and the next one then meets a
 * key that exists: whose it is, its metadata tells.
 */
export async function uploadIfAbsent(target: UploadTarget, body: FileBody): Promise<"created" | "exists"> {
  const own = randomUUID();
  return retrying(target, raceTries, async (number) => {
    try {
      await send(target, body, { IfNoneMatch: "*", Metadata: { [putTag]: own } });
      return "created";
    } catch (error) {
      if (isPreconditionFailure(error) && number === 1 && attemptsOf(error) === 1) return "exists";
      // An upload that was completed, its answer lost, is not there any more to be completed again.
      if (!isPreconditionFailure(error) && nameOf(error) !== "NoSuchUpload") throw error;
      const isOwn = (await tagOf(target)) === own;
      if (!isOwn && !isPreconditionFailure(error)) throw error;
      return isOwn ? "created" : "exists";
    }
  });
}

async function tagOf({ client, bucket, key }: UploadTarget): Promise<string | undefined> {
  try {
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return Metadata?.[putTag];
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

interface Extras {
  readonly IfNoneMatch?: "*";
  readonly Metadata?: Record<string, string>;
}

async function send(
  { client, bucket, key }: UploadTarget,
  body: FileBody,
  extras: Extras,
): Promise<{ readonly VersionId?: string | undefined }> {
  const bytes = body instanceof Uint8Array ? body.length : (await stat(body.path)).size;
  const object = { Bucket: bucket, Key: key, ...extras };
  if (bytes <= partBytes) {
    const Body = body instanceof Uint8Array ? body : await readFile(body.path);
    return client.send(new PutObjectCommand({ ...object, Body }));
  }
  const upload = new Upload({
    client,
    params: { ...object, Body: body instanceof Uint8Array ? body : createReadStream(body.path) },
    partSize: Math.max(partBytes, Math.ceil(bytes / partsMax)),
    queueSize: partsAtOnce,
    leavePartsOnError: false,
  });
  return upload.done();
}
