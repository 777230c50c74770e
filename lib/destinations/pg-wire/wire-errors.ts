import type { ErrorCode } from "../../model/error-codes.ts";

/** As much of a thrown error as says what went wrong. */
export interface VendorError {
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
  readonly where?: string;
}

/** Texts by a pattern, the first that matches counts. */
export type TextCodes = readonly (readonly [RegExp, ErrorCode])[];

/** Codes of Node's sockets and of its TLS. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const nodeCodes: TextCodes = [
  [/^(ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_PREMATURE_CLOSE)$/, "CONNECTION_LOST"],
  [/^(CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/, "TLS_INVALID"],
  [/^(ERR_TLS_|ERR_SSL_|ERR_OSSL_)/, "TLS_INVALID"],
  [/^ENOENT$/, "OBJECT_GONE"],
];

/** What the driver throws without any code. */
const driverTexts: TextCodes = [
  [/timeout expired/i, "HOST_UNREACHABLE"],
  [/does not support SSL|establishing an SSL connection/, "TLS_INVALID"],
  [/Connection terminated|connection error and is not queryable|was closed/i, "CONNECTION_LOST"],
  [/SASL|password must be a/, "AUTH_FAILED"],
];

/** The error as it was thrown, whatever it was. */
export function vendorErrorOf(thrown: unknown): VendorError {
  return thrown instanceof Error ? thrown : { message: String(thrown) };
}

/** Our code for an SQLSTATE: its own line, or the line of its class of two characters. */
export function codeOfState(
  states: Readonly<Record<string, ErrorCode>>,
  { code = "" }: VendorError,
): ErrorCode | undefined {
  return /^[0-9A-Z]{5}$/.test(code) ? (states[code] ?? states[code.slice(0, 2)]) : undefined;
}

/** Our code for what the socket, its TLS or the driver threw. */
export function codeOfDriver({ code = "", message }: VendorError): ErrorCode | undefined {
  const byNode = nodeCodes.find(([pattern]) => pattern.test(code))?.[1];
  return byNode ?? driverTexts.find(([pattern]) => pattern.test(message))?.[1];
}
