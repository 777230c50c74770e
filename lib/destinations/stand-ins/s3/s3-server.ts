import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Faults } from "../faults.ts";
import { checkAccess, type S3Access, WrongRegion } from "./s3-access.ts";
import { sendVersion } from "./s3-answer.ts";
import { type CreatedObject, S3Bucket } from "./s3-bucket.ts";
import { listObjects, listUploads, listVersions } from "./s3-lists.ts";
import { S3Failure } from "./s3-objects.ts";
import { checkExpiry, type S3Request, takeApart } from "./s3-request.ts";
import { text, textsIn, xml } from "./s3-xml.ts";

/** An S3 on loopback with one versioned bucket, its bytes in a folder that goes with it. Any credentials will do. */
export interface S3Server extends AsyncDisposable {
  readonly url: string;
  readonly faults: Faults;
  readonly bucket: S3Bucket;
}

export interface S3Options {
  readonly bucketName: string;
  readonly nowMs?: () => number;
  /** Who may do what. @default anybody everything, whatever the signature */
  readonly access?: S3Access;
  /** As EventBridge's "Object Created". */
  readonly onCreated?: (object: CreatedObject) => void;
}

/**
 * Starts an S3 with the operations that we use, as strict as S3 where we rely on it: conditions, versions, delete
 * markers, ranges, parts of 5 MiB, keys that climb, checksums, presigned addresses that run out.
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-s3-"));
  const bucket = new S3Bucket(folder, options.nowMs ?? Date.now, options.onCreated);
  const faults = new Faults();
  const server = createServer((message, response) => {
    serve(message, response, { bucket, faults, options }).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    bucket,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Context {
  readonly bucket: S3Bucket;
  readonly faults: Faults;
  readonly options: S3Options;
}

async function serve(message: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  try {
    await answer(takeApart(message), response, context);
  } catch (error) {
    if (!(error instanceof S3Failure)) throw error;
    message.resume();
    const body =
      message.method === "HEAD" ? "" : xml("Error", [text("Code", error.code), text("Message", error.message)]);
    const headers = error instanceof WrongRegion ? { "x-amz-bucket-region": error.region } : {};
    send(response, { status: error.status, headers, body });
  }
}

async function answer(request: S3Request, response: ServerResponse, context: Context): Promise<void> {
  const { options, faults, bucket } = context;
  const { message } = request;
  const operation = operationOf(request);
  const mayKnowKeys = options.access === undefined || checkAccess(operation, request, options.access);
  if (request.bucket !== options.bucketName) throw new S3Failure(404, "NoSuchBucket");
  checkExpiry(request.query, (options.nowMs ?? Date.now)());
  const fault = faults.take(operation);
  if (fault === "throttle") throw new S3Failure(503, "SlowDown");
  if (fault === "error-before") throw new S3Failure(500, "InternalError");
  if (fault === "conflict") throw new S3Failure(409, "ConditionalRequestConflict");
  if (fault === "drop-before") return void message.socket.destroy();
  if (fault === "drop-after" && operation === "GetObject") return breakOff(request, response, bucket);
  const found = await answerTo(operation, request, response, bucket).catch((error: unknown) => {
    const isAbsent = error instanceof S3Failure && error.code === "NoSuchKey";
    throw isAbsent && !mayKnowKeys ? new S3Failure(403, "AccessDenied", "Access Denied") : error;
  });
  if (fault === "drop-after") return void message.socket.destroy();
  if (fault === "error-after") throw new S3Failure(500, "InternalError");
  if (found !== undefined) send(response, found);
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

function send(response: ServerResponse, { status = 200, headers = {}, body = "" }: Answer): void {
  if (response.headersSent) return;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  response.setHeader("x-amz-request-id", "test");
  if (body !== "") response.setHeader("content-type", "application/xml");
  response.writeHead(status).end(body);
}

function operationOf({ method, key, query, headers }: S3Request): string {
  const isBucket = key === "";
  const has = (name: string) => query.has(name);
  if (isBucket && method === "GET") {
    return has("versions") ? "ListObjectVersions" : has("uploads") ? "ListMultipartUploads" : "ListObjectsV2";
  }
  if (isBucket) throw new S3Failure(501, "NotImplemented");
  const copy = headers["x-amz-copy-source"] === undefined ? "" : "Copy";
  const operations: Readonly<Record<string, string>> = {
    GET: has("tagging") ? "GetObjectTagging" : "GetObject",
    HEAD: "HeadObject",
    PUT: has("uploadId") ? `UploadPart${copy}` : has("tagging") ? "PutObjectTagging" : `${copy || "Put"}Object`,
    POST: has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload",
    DELETE: has("uploadId") ? "AbortMultipartUpload" : "DeleteObject",
  };
  return operations[method] ?? "Unknown";
}

async function answerTo(
  operation: string,
  request: S3Request,
  response: ServerResponse,
  bucket: S3Bucket,
): Promise<Answer | undefined> {
  const { key, query, headers } = request;
  const versionId = query.get("versionId") ?? undefined;
  const uploadId = query.get("uploadId") ?? "";
  const conditions = { ifNoneMatch: headers["if-none-match"], ifMatch: headers["if-match"] };
  switch (operation) {
    case "ListObjectsV2":
      return { body: listObjects(bucket.objects, query) };
    case "ListObjectVersions":
      return { body: listVersions(bucket.objects, query) };
    case "ListMultipartUploads":
      return { body: listUploads(bucket.uploadedKeys) };
    case "GetObject":
    case "HeadObject":
      await sendVersion(request, response, bucket.objects.read(key, versionId));
      return undefined;
    case "PutObject": {
      const version = await bucket.put(request, conditions);
      return { headers: { "x-amz-version-id": version.id, etag: version.etag, "x-amz-checksum-crc32": version.crc32 } };
    }
    case "CopyObject": {
      const { id, etag } = await bucket.copy(request, conditions);
      return { headers: { "x-amz-version-id": id }, body: xml("CopyObjectResult", [text("ETag", etag)]) };
    }
    case "UploadPartCopy": {
      const { etag } = await bucket.copyPart(request, uploadId);
      return { body: xml("CopyPartResult", [text("ETag", etag)]) };
    }
    case "CreateMultipartUpload":
      return { body: xml("InitiateMultipartUploadResult", [text("UploadId", bucket.createUpload(request))]) };
    case "UploadPart": {
      const part = await bucket.putPart(request, uploadId);
      return { headers: { etag: part.etag, "x-amz-checksum-crc32": part.crc32 } };
    }
    case "CompleteMultipartUpload": {
      const etags = textsIn(await bodyOf(request), "ETag");
      const version = bucket.completeUpload(key, uploadId, etags, conditions);
      const body = xml("CompleteMultipartUploadResult", [text("ETag", version.etag)]);
      return { headers: { "x-amz-version-id": version.id }, body };
    }
    case "AbortMultipartUpload":
      await bucket.abortUpload(uploadId);
      return { status: 204 };
    case "DeleteObject":
      return { status: 204, headers: await bucket.delete(key, versionId) };
    case "GetObjectTagging":
      return { body: tagging(bucket.objects.read(key, versionId).tags) };
    case "PutObjectTagging": {
      const body = await bodyOf(request);
      const values = textsIn(body, "Value");
      const tags = textsIn(body, "Key").map((name, index) => [name, values[index] ?? ""]);
      bucket.objects.read(key, versionId).tags = Object.fromEntries(tags);
      return {};
    }
    default:
      throw new S3Failure(501, "NotImplemented");
  }
}

/** Half of what is asked for, and then silence. */
async function breakOff(request: S3Request, response: ServerResponse, bucket: S3Bucket): Promise<void> {
  const version = bucket.objects.read(request.key, request.query.get("versionId") ?? undefined);
  await sendVersion(request, response, version, { isBrokenOff: true });
}

function tagging(tags: Readonly<Record<string, string>>): string {
  const set = Object.entries(tags).map(([key, value]) => xml("Tag", [text("Key", key), text("Value", value)]));
  return xml("Tagging", [xml("TagSet", set)]);
}

async function bodyOf(request: S3Request): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request.message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
