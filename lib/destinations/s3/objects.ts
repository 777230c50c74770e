import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";
import type { S3Errors } from "./errors.ts";

/** A body of more goes in parts of so much: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html */
const partBytes = 16 * 1024 * 1024;
/** With `partBytes` the memory that an upload takes. */
const partsAtOnce = 2;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const partsMax = 10_000;
/** Others that wrote the same key at the same moment. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const racesMax = 8;
/** A manifest, or anything else that we read whole. */
const textBytesMax = 16 * 1024 * 1024;

interface PutOptions {
  /** Kept beside the object. */
  readonly rows?: number;
}

type Body = { readonly content: string | Uint8Array } | { readonly path: string; readonly bytes: number };

/** One bucket, by the operations that this kind needs. What S3 refuses comes as a `SyncError`. */
export interface Objects {
  /** `exists` where the key holds something, whoever put it: also our own work whose answer got lost. */
  putIfAbsent(key: string, body: Body, options?: PutOptions): Promise<"created" | "exists">;
  /** Undefined where there is no such key. */
  text(key: string): Promise<string | undefined>;
  /** Undefined where there is no such key. */
  about(key: string): Promise<{ bytes: number; rows: number | null } | undefined>;
  /** Copies within the bucket; `gone` where the source is not there. */
  copyIfAbsent(source: string, target: string): Promise<"copied" | "exists" | "gone">;
  /** Keys in order, at most `max`. */
  list(prefix: string, max?: number): Promise<readonly string[]>;
  /** Begins an upload in parts and gives it up again. */
  tryParts(key: string): Promise<void>;
  /** Twice is the same as once. */
  remove(key: string): Promise<void>;
}

export interface ObjectsOptions {
  readonly bucket: string;
  readonly owner: string | undefined;
  readonly signal: AbortSignal;
  readonly errors: S3Errors;
}

/** The operations on one bucket over a client whose sockets are dialled by us. */
export function openObjects(client: S3Client, { bucket, owner, signal, errors }: ObjectsOptions): Objects {
  const place = { Bucket: bucket, ...(owner === undefined ? {} : { ExpectedBucketOwner: owner }) };
  const abort = { abortSignal: signal };
  const asked = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    if (signal.aborted) throw abortError(signal);
    try {
      return await work();
    } catch (thrown) {
      if (signal.aborted) throw abortError(signal);
      throw errors.of(thrown, action);
    }
  };
  const list = async (prefix: string, max?: number): Promise<readonly string[]> => {
    const keys: string[] = [];
    for (let token: string | undefined; ; ) {
      const more = token === undefined ? {} : { ContinuationToken: token };
      const size = max === undefined ? {} : { MaxKeys: Math.min(1_000, max - keys.length) };
      const page = await client.send(new ListObjectsV2Command({ ...place, Prefix: prefix, ...size, ...more }), abort);
      keys.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (token === undefined || (max !== undefined && keys.length >= max)) return keys;
    }
  };
  // S3 tells absent from forbidden only to those who may list the whole bucket; we may list our folders.
  const absent = async <T>(key: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (thrown) {
      if (errors.isAbsence(thrown)) return undefined;
      if (!errors.isForbidden(thrown)) throw thrown;
      const [first] = await list(key, 1).catch(() => [key]);
      if (first !== key) return undefined;
      throw thrown;
    }
  };
  return {
    putIfAbsent: (key, body, options = {}) =>
      asked("s3:PutObject", () => {
        const Metadata: Record<string, string> = options.rows === undefined ? {} : { rows: String(options.rows) };
        return racing(errors, () => send(client, { ...place, Key: key, IfNoneMatch: "*", Metadata }, body, signal));
      }),
    text: (key) =>
      asked("s3:GetObject", async () => {
        const found = await absent(key, client.send(new GetObjectCommand({ ...place, Key: key }), abort));
        if (found === undefined) return undefined;
        if ((found.ContentLength ?? 0) > textBytesMax)
          throw new SyncError("UNKNOWN", { message: `${key} has ${found.ContentLength} bytes: it is none of ours` });
        return (await found.Body?.transformToString()) ?? "";
      }),
    about: (key) =>
      asked("s3:GetObject", async () => {
        const found = await absent(key, client.send(new HeadObjectCommand({ ...place, Key: key }), abort));
        if (found === undefined) return undefined;
        const rows = found.Metadata?.["rows"];
        return { bytes: found.ContentLength ?? 0, rows: rows === undefined ? null : Number(rows) };
      }),
    copyIfAbsent: (source, target) =>
      asked("s3:PutObject", async () => {
        const CopySource = `${bucket}/${source.split("/").map(encodeURIComponent).join("/")}`;
        const copy = { ...place, Key: target, CopySource, IfNoneMatch: "*" };
        const owned = owner === undefined ? copy : { ...copy, ExpectedSourceBucketOwner: owner };
        const outcome = await absent(
          source,
          racing(errors, () => client.send(new CopyObjectCommand(owned), abort)),
        );
        if (outcome === undefined) return "gone";
        return outcome === "created" ? "copied" : "exists";
      }),
    list: (prefix, max) => asked("s3:ListBucket", () => list(prefix, max)),
    tryParts: async (key) => {
      const begin = new CreateMultipartUploadCommand({ ...place, Key: key });
      const { UploadId } = await asked("s3:PutObject", () => client.send(begin, abort));
      const end = new AbortMultipartUploadCommand({ ...place, Key: key, UploadId });
      await asked("s3:AbortMultipartUpload", () => client.send(end, abort));
    },
    remove: (key) =>
      asked("s3:DeleteObject", async () => {
        await absent(key, client.send(new DeleteObjectCommand({ ...place, Key: key }), abort));
      }),
  };
}

interface PutInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly IfNoneMatch: "*";
  readonly Metadata: Record<string, string>;
}

/** Bodies are buffers, parts too: what the SDK has to send again must be there. */
async function send(client: S3Client, input: PutInput, body: Body, signal: AbortSignal): Promise<unknown> {
  if ("content" in body)
    return client.send(new PutObjectCommand({ ...input, Body: body.content }), { abortSignal: signal });
  if (body.bytes <= partBytes) {
    const Body = await readFile(body.path);
    return client.send(new PutObjectCommand({ ...input, Body }), { abortSignal: signal });
  }
  // The condition travels along to the completion, where S3 decides.
  const upload = new Upload({
    client,
    params: { ...input, Body: createReadStream(body.path) },
    partSize: Math.max(partBytes, Math.ceil(body.bytes / partsMax)),
    queueSize: partsAtOnce,
    leavePartsOnError: false,
  });
  const onAbort = () => void upload.abort();
  signal.addEventListener("abort", onAbort);
  try {
    return await upload.done();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A conditional write: 412 says that the key is taken, 409 that somebody is writing it at this moment. */
async function racing(errors: S3Errors, write: () => Promise<unknown>): Promise<"created" | "exists"> {
  for (let tries = 1; ; tries += 1) {
    try {
      await write();
      return "created";
    } catch (thrown) {
      if (errors.isTaken(thrown)) return "exists";
      if (!errors.isRace(thrown) || tries >= racesMax) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * 2 ** tries));
    }
  }
}
