import type * as z from "zod";
import { type ErrorCode, errorCodes } from "../model/error-codes.ts";
import { asSyncError, type SyncError } from "../model/errors.ts";
import { RequestRefused } from "./route.ts";

/** Problem details of RFC 9457, with our stable code and the fix beside them. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly fix: string;
  /** Each field that is not valid, by its path in the request. */
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
}

const statusOfCode: Partial<Record<ErrorCode, number>> = {
  REQUEST_MALFORMED: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  STATE_CONFLICT: 409,
  ACCOUNT_IN_USE: 409,
  KEY_DUPLICATE: 409,
  TOO_MANY_KEYS: 409,
  ATTEMPT_CLOSED: 409,
  LEASE_LOST: 409,
  FENCE_LOST: 409,
  BODY_TOO_LARGE: 413,
  BODY_NOT_JSON: 415,
  TOO_MANY_REQUESTS: 429,
  ENGINE_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  STORAGE_FULL: 507,
};

/** What a failed call answers. A warehouse's failure is a bad gateway, a bug of ours tells nothing but its code. */
export function problemOf(thrown: unknown, instance: string): Problem {
  if (thrown instanceof RequestRefused) return invalidRequest(thrown, instance);
  const error = asSyncError(thrown);
  return {
    type: `urn:warehouse-sync:error:${error.code}`,
    title: errorCodes[error.code].text,
    status: statusOf(error),
    detail: error.externalMessage === undefined || error.code === "UNKNOWN" ? error.message : externally(error),
    instance,
    code: error.code,
    fix: error.fix,
  };
}

function externally(error: SyncError): string {
  return `${error.message} (${error.externalMessage})`;
}

function statusOf(error: SyncError): number {
  const status = statusOfCode[error.code];
  if (status !== undefined) return status;
  if (error.errorClass === "input" || error.errorClass === "config") return 422;
  return error.errorClass === "internal" ? 500 : 502;
}

/** An id that has not even the form of one is of something that is not here; all else names its fields. */
function invalidRequest(error: RequestRefused, instance: string): Problem {
  const isAddress = error.issues.every((issue) => issue.path[0] === "params");
  const code = isAddress ? "NOT_FOUND" : "REQUEST_INVALID";
  const fields = error.issues.flatMap(fieldsOf);
  return {
    type: `urn:warehouse-sync:error:${code}`,
    title: errorCodes[code].text,
    status: isAddress ? 404 : 422,
    detail: isAddress ? errorCodes[code].text : fields.map((field) => `${field.path}: ${field.message}`).join("; "),
    instance,
    code,
    fix: errorCodes[code].fix,
    ...(isAddress ? {} : { fields }),
  };
}

function fieldsOf(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = issue.path.slice(1).map(String);
  const where = issue.path[0] === "query" ? ["?", ...path] : path;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: joined([...where, key]), message: "there is no such field" }));
  }
  return [{ path: joined(where), message: issue.message }];
}

function joined(path: readonly string[]): string {
  return path.length === 0 ? "body" : path.join(".").replace(/^\?\./, "?");
}
