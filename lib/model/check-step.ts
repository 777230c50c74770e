import type { ErrorClass } from "./error-classes.ts";
import { type ErrorCode, errorCodes } from "./error-codes.ts";

/** The steps of a connection check, in order. */
export const checkSteps = ["reach", "tls", "login", "privileges", "tables", "columns", "receipts", "load"] as const;
export type CheckStepName = (typeof checkSteps)[number];

const byCode: Partial<Record<ErrorCode, CheckStepName>> = {
  HOST_BLOCKED: "reach",
  TLS_INVALID: "tls",
  FOREIGN_RECEIPTS: "receipts",
  RECEIPT_GONE: "receipts",
  RECEIPT_UNKNOWN: "receipts",
};

const byClass: Partial<Record<ErrorClass, CheckStepName>> = {
  network_unreachable: "reach",
  allow_list: "login",
  auth: "login",
  permission: "privileges",
  missing_object: "tables",
  schema_mismatch: "columns",
};

/** The step of the check that shows whether an error is mended; what no earlier one shows, the load of a row does. */
export function stepThatTests(code: ErrorCode): CheckStepName {
  return byCode[code] ?? byClass[errorCodes[code].class] ?? "load";
}
