import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Failure } from "./s3-objects.ts";
import type { S3Request } from "./s3-request.ts";

export interface KnownKey {
  readonly secretAccessKey: string;
  /** Of a session; must come along. */
  readonly sessionToken?: string;
}

/**
 * Checks a request's signature as S3 does, and answers whose it is and for which region it was made.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signerOf(
  request: S3Request,
  keys: ReadonlyMap<string, KnownKey>,
): { readonly accessKeyId: string; readonly region: string } {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const found = pattern.exec(request.headers.authorization ?? "");
  if (found === null) throw new S3Failure(403, "AccessDenied", "Access Denied");
  const [, accessKeyId = "", day = "", region = "", signedHeaders = "", signature = ""] = found;
  const key = keys.get(accessKeyId);
  if (key === undefined)
    throw new S3Failure(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
  if (key.sessionToken !== undefined && request.headers["x-amz-security-token"] !== key.sessionToken)
    throw new S3Failure(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  const text = stringToSign(request, { day, region, signedHeaders: signedHeaders.split(";") });
  const expected = ["s3", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${key.secretAccessKey}`, day), region));
  if (!timingSafeEqual(Buffer.from(signature, "hex"), hmac(expected, text)))
    throw new S3Failure(
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
  return { accessKeyId, region };
}

function stringToSign(
  { message, headers, query }: S3Request,
  scope: { readonly day: string; readonly region: string; readonly signedHeaders: readonly string[] },
): string {
  const [path = ""] = (message.url ?? "").split("?");
  const pairs = [...query].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort();
  const signed = scope.signedHeaders.map((name) => `${name}:${String(headers[name] ?? "").trim()}\n`).join("");
  const payload = String(headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD");
  const canonical = [
    ...[message.method ?? "", path, pairs.join("&"), signed],
    ...[scope.signedHeaders.join(";"), payload],
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const place = `${scope.day}/${scope.region}/s3/aws4_request`;
  return `AWS4-HMAC-SHA256\n${String(headers["x-amz-date"] ?? "")}\n${place}\n${digest}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
