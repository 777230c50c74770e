import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { bytesOf } from "./s3-bytes.ts";
import { S3Failure, type StoredVersion, type Stretch } from "./s3-objects.ts";
import { rangeOf, type S3Request } from "./s3-request.ts";

/** Answers a GET or HEAD of a version, or of a range of it. */
export async function sendVersion(
  request: S3Request,
  response: ServerResponse,
  version: StoredVersion,
  { isBrokenOff = false } = {},
): Promise<void> {
  const ifMatch = request.headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== version.etag) throw new S3Failure(412, "PreconditionFailed");
  const range = rangeOf(request, version.bytes);
  const { start, end } = range ?? { start: 0, end: version.bytes };
  const headers: Record<string, string> = {
    "content-length": String(end - start),
    "content-type": version.contentType,
    "last-modified": new Date(version.modifiedAtMs).toUTCString(),
    etag: version.etag,
    "x-amz-version-id": version.id,
    "accept-ranges": "bytes",
  };
  if (range !== undefined) headers["content-range"] = `bytes ${start}-${end - 1}/${version.bytes}`;
  else if (request.headers["x-amz-checksum-mode"] === "ENABLED" && version.crc32 !== undefined) {
    headers["x-amz-checksum-crc32"] = version.crc32;
  }
  for (const [name, value] of Object.entries(version.metadata)) headers[`x-amz-meta-${name}`] = value;
  response.writeHead(range === undefined ? 200 : 206, headers);
  if (request.method === "HEAD") return void response.end();
  if (!isBrokenOff) return sendBytes(response, version.stretches, start, end);
  const half = start + Math.floor((end - start) / 2);
  for await (const chunk of bytesOf(version.stretches, start, half)) response.write(chunk);
  setImmediate(() => response.destroy());
}

async function sendBytes(response: ServerResponse, stretches: readonly Stretch[], start: number, end: number) {
  try {
    await pipeline(bytesOf(stretches, start, end), response);
  } catch (error) {
    // The reader went away.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
