import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { codeOfDriver, codeOfState, sqlStates, type VendorError, vendorErrorOf } from "../pg-wire/wire-errors.ts";
import { redact } from "../redact.ts";

/** Those that PostgreSQL alone gives. */
const postgresStates: Readonly<Record<string, ErrorCode>> = {
  ...sqlStates,
  "23505": "CONFLICT",
  "42P10": "COLUMN_CONFLICT",
  "428C9": "COLUMN_CONFLICT",
  "54": "ROW_REJECTED",
  "57P05": "CONNECTION_LOST",
  "58030": "QUOTA_EXCEEDED",
};

/** A failure of the server, the driver or the socket as one of ours, with the vendor's own words and code kept, less our secrets. */
export function postgresError(thrown: unknown, secrets: readonly string[]): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const error = vendorErrorOf(thrown);
  const code = codeOf(error);
  return new SyncError(code, {
    externalMessage: redact(wordsOf(error, code), secrets),
    ...(error.code === undefined ? {} : { vendorCode: error.code }),
    cause: thrown,
  });
}

function codeOf(error: VendorError): ErrorCode {
  if (/no pg_hba\.conf entry/.test(error.message)) return "ADDRESS_NOT_ALLOWED";
  return codeOfState(postgresStates, error) ?? codeOfDriver(error) ?? "UNKNOWN";
}

/** The message, and where in the file it was; never `detail` and `where` as they are, since both may quote a customer's row. */
function wordsOf(error: VendorError, code: ErrorCode): string {
  if (code !== "ROW_REJECTED") return error.message;
  const reason = /cannot be converted to text|surrogate|Token ".{0,40}" is invalid/.exec(error.detail ?? "")?.[0];
  const place = /^COPY [^,]+, (line \d+(, column [a-z_]+)?)/m.exec(error.where ?? "")?.[1];
  return [error.message, reason, place].filter((part) => part !== undefined).join("; ");
}
