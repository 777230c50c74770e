import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";
import { bodyTries, isAbsence, isBeyondEnd, isNoVersion, isPreconditionFailure, ShortBody } from "./object-errors.ts";
import { isVersioned } from "./object-keys.ts";
import { type RetryOptions, retrying } from "./retry.ts";

/** What is fetched: an object, or its bytes from `start` to before `end`, as far as there are any. */
export interface DownloadSource extends RetryOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
}

const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 6;

/** Which object the first answer was of: all others must be of the same. */
type Pin = { readonly VersionId: string | undefined } | { readonly IfMatch: string | undefined };

interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Fetches into a file, in parts side by side that are all of one object: where it is replaced meanwhile, all is fetched
 * anew. Answers the bytes; undefined where there is no such object (any more).
 */
export async function downloadObject(source: DownloadSource, path: string): Promise<number | undefined> {
  return retrying(source, replacedTries, () => fetchObject(source, path));
}

const replacedTries = { triesMax: 5, firstDelayMsMax: 50, delayMsMax: 500, isWorthIt: isPreconditionFailure } as const;

async function fetchObject(source: DownloadSource, path: string): Promise<number | undefined> {
  const handle = await open(path, "w", 0o600);
  try {
    // Of an empty range too one byte is asked for, to hear whether the object is there.
    const firstEnd = Math.min(Math.max(source.end, source.start + 1), source.start + partBytes);
    const first = { start: source.start, end: firstEnd };
    const { pin, size } = await fetchPart(source, first, handle, undefined);
    const end = Math.min(source.end, size);
    await fetchAll(source, partsBetween(first.end, end), handle, pin);
    return Math.max(0, end - source.start);
  } catch (error) {
    if (isBeyondEnd(error)) return 0;
    if (isAbsence(error) || (source.versionId !== undefined && isNoVersion(error))) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

function partsBetween(start: number, end: number): Part[] {
  const count = Math.max(0, Math.ceil((end - start) / partBytes));
  return Array.from({ length: count }, (_, index) => {
    const from = start + index * partBytes;
    return { start: from, end: Math.min(end, from + partBytes) };
  });
}

async function fetchAll(source: DownloadSource, parts: Part[], handle: FileHandle, pin: Pin): Promise<void> {
  const failing = new AbortController();
  const signal = source.signal === undefined ? failing.signal : AbortSignal.any([source.signal, failing.signal]);
  const waiting = parts.values();
  const work = async () => {
    try {
      for (const part of waiting) await fetchPart({ ...source, signal }, part, handle, pin);
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  };
  // Settled, all of them: the file is closed afterwards.
  const results = await Promise.allSettled(Array.from({ length: Math.min(partsAtOnce, parts.length) }, work));
  source.signal?.throwIfAborted();
  if (results.some(({ status }) => status === "rejected")) throw failing.signal.reason;
}

async function fetchPart(
  source: DownloadSource,
  part: Part,
  handle: FileHandle,
  pin: Pin | undefined,
): Promise<{ pin: Pin; size: number }> {
  const { client, bucket, key, versionId, signal } = source;
  const rules = { ...bodyTries, ...(signal !== undefined && { signal }) };
  return retrying(source, rules, async () => {
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      Range: `bytes=${part.start}-${part.end - 1}`,
      VersionId: versionId,
      ...pin,
    });
    const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    await writeBody(answer, handle, part.start - source.start, signal);
    const size = sizeOf(answer);
    return { pin: pinOf(key, answer), size };
  });
}

/** By its version where those are kept and asked for; to read old versions elsewhere nobody has the right. */
function pinOf(key: string, { VersionId, ETag }: GetObjectCommandOutput): Pin {
  return isVersioned(key) ? { VersionId } : { IfMatch: ETag };
}

async function writeBody(
  { Body, ContentLength }: GetObjectCommandOutput,
  handle: FileHandle,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let written = 0;
  for await (const chunk of Body as Readable) {
    signal?.throwIfAborted();
    const bytes = chunk as Uint8Array;
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, offset + written + done)).bytesWritten;
    }
    written += bytes.length;
  }
  if (written !== ContentLength) throw new ShortBody(`${written} bytes came instead of ${ContentLength}`);
}

/** Of the whole object, from `bytes 0-7/10`. */
function sizeOf({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput): number {
  return ContentRange === undefined ? ContentLength : Number(ContentRange.slice(ContentRange.indexOf("/") + 1));
}
