import type { IncomingMessage } from "node:http";
import { type KeptBytes, keepBytes } from "./s3-bytes.ts";
import { S3Failure } from "./s3-objects.ts";

/** A request, taken apart. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly message: IncomingMessage;
}

const keyBytesMax = 1_024;

export function takeApart(message: IncomingMessage): S3Request {
  // No `URL` for the path: it would resolve the `..` of a key.
  const [path = "", search = ""] = (message.url ?? "").split("?");
  const [, bucket = "", ...rest] = path.split("/");
  const key = decodeURIComponent(rest.join("/"));
  if (Buffer.byteLength(key) > keyBytesMax) throw new S3Failure(400, "KeyTooLongError");
  if (climbsOut(key)) throw new S3Failure(400, "InvalidURI");
  return {
    method: message.method ?? "",
    bucket,
    key,
    query: new URLSearchParams(search),
    headers: message.headers,
    message,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: never more `..` than names before them. */
function climbsOut(key: string): boolean {
  let depth = 0;
  for (const segment of key.split("/")) {
    depth += segment === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

/** Streams a request's body into a file of the folder, and checks it against the checksum that came along. */
export async function takeBody({ headers, query, message }: S3Request, folder: string): Promise<KeptBytes> {
  if (/aws-chunked/.test(String(headers["content-encoding"]))) {
    throw new S3Failure(501, "NotImplemented", "this stand-in takes no aws-chunked bodies");
  }
  const kept = await keepBytes(message, folder);
  const claimed = headers["x-amz-checksum-crc32"] ?? query.get("x-amz-checksum-crc32");
  if (claimed !== null && claimed !== kept.crc32) throw new S3Failure(400, "BadDigest");
  return kept;
}

/** What is asked of an object of `size` bytes, end exclusive; undefined for all of it. */
export function rangeOf(request: S3Request, size: number): { start: number; end: number } | undefined {
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers["range"] ?? ""));
  if (range === null) return undefined;
  const start = Number(range[1]);
  if (start >= size) throw new S3Failure(416, "InvalidRange");
  return { start, end: Math.min(size, range[2] === "" ? size : Number(range[2]) + 1) };
}

/** Refuses a presigned request whose time is over. */
export function checkExpiry(query: URLSearchParams, nowMs: number): void {
  const seconds = query.get("X-Amz-Expires");
  const signed = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "");
  if (seconds === null || signed === null) return;
  const [, year, month, day, hour, minute, second] = signed.map(Number);
  const signedAtMs = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  if (nowMs > signedAtMs + Number(seconds) * 1_000) throw new S3Failure(403, "AccessDenied", "Request has expired");
}

/** `a=1&b=2`, as in the header for tags. */
export function tagsOf(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** `x-amz-meta-…`, without the prefix. */
export function metadataOf(headers: IncomingMessage["headers"]): Record<string, string> {
  const prefix = "x-amz-meta-";
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

/** What a copy reads: `/bucket/key?versionId=…`, percent-encoded, and which bytes of it. */
export function copySourceOf({ headers }: S3Request): { key: string; versionId: string | undefined; range: string } {
  const [path = "", search = ""] = String(headers["x-amz-copy-source"]).replace(/^\//, "").split("?");
  const key = decodeURIComponent(path.slice(path.indexOf("/") + 1));
  const versionId = new URLSearchParams(search).get("versionId") ?? undefined;
  return { key, versionId, range: String(headers["x-amz-copy-source-range"] ?? "") };
}
