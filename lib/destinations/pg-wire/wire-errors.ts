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

/**
 * SQLSTATE → our code, as all that speak this protocol use them; a class of two characters stands for all of its states
 * that have no line of their own. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const sqlStates: Readonly<Record<string, ErrorCode>> = {
  "08": "CONNECTION_LOST",
  "22": "ROW_REJECTED",
  "23": "ROW_REJECTED",
  "25006": "SETTINGS_INVALID",
  "25P03": "CONNECTION_LOST",
  "28": "AUTH_FAILED",
  "3D": "OBJECT_MISSING",
  "3F": "OBJECT_MISSING",
  "40": "CONFLICT",
  "42501": "PERMISSION_DENIED",
  "42703": "COLUMN_CONFLICT",
  "42804": "COLUMN_CONFLICT",
  "42P01": "OBJECT_MISSING",
  "42P07": "CONFLICT",
  "53": "DEST_BUSY",
  "53100": "QUOTA_EXCEEDED",
  "55P03": "CONFLICT",
  "57014": "TIMEOUT",
  "57P01": "CONNECTION_LOST",
  "57P02": "CONNECTION_LOST",
  "57P03": "DEST_BUSY",
};

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
