import { createHmac, timingSafeEqual } from "node:crypto";
import { after, type Instant, secondMs } from "../../model/time.ts";

export interface PresignOptions {
  /** Where the local server answers, as `http://127.0.0.1:8080/files`. */
  readonly baseUrl: string;
  /** At least 32 random bytes; whoever has them can sign. */
  readonly key: Uint8Array;
}

export type PresignMethod = "GET" | "PUT";

/** An address that `verifyPresigned` accepts until `secondsValid` from `now`. */
export function presignUrl(
  options: PresignOptions,
  request: { method: PresignMethod; key: string; secondsValid: number; now: Instant },
): string {
  const expires = String(after(request.now, request.secondsValid * secondMs));
  const url = new URL(options.baseUrl);
  url.searchParams.set("method", request.method);
  url.searchParams.set("key", request.key);
  url.searchParams.set("expires", expires);
  url.searchParams.set("signature", signatureOf(options.key, request.method, request.key, expires).toString("hex"));
  return url.href;
}

/** The key that a presigned address opens for this method, or undefined where it is forged, altered or too old. */
export function verifyPresigned(
  options: PresignOptions,
  request: { method: string; url: string; now: Instant },
): string | undefined {
  const parameters = new URL(request.url, options.baseUrl).searchParams;
  const [method, key, expires, signature] = ["method", "key", "expires", "signature"].map((name) =>
    parameters.get(name),
  );
  if (method == null || key == null || expires == null || signature == null) return undefined;
  const expected = signatureOf(options.key, method, key, expires);
  const given = Buffer.from(signature, "hex");
  const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
  return isSigned && method === request.method && Number(expires) > request.now ? key : undefined;
}

function signatureOf(secret: Uint8Array, method: string, key: string, expires: string): Buffer {
  return createHmac("sha256", secret)
    .update(JSON.stringify([method, key, expires]))
    .digest();
}
