import { type ErrorClass, type ErrorName, errorClasses, type RetryRule } from "./error-classes.ts";
import { type ErrorCode, errorCodes } from "./error-codes.ts";

/** A row that a vendor's error names, by its line in the staged file or by its id. */
export interface BadRow {
  /** The staged file's own number, as in `StagedFile`. */
  readonly file: number;
  /** Line within the staged file, from 1. */
  readonly line?: number;
  /** What the row's `id` column holds. */
  readonly id?: string;
}

export interface SyncErrorDetails {
  /** What happened, which value, what to do. Never a secret. Defaults to the code's own text. */
  readonly message?: string;
  /** The vendor's own code, as given. */
  readonly vendorCode?: string;
  /** The vendor's own words, redacted. */
  readonly externalMessage?: string;
  /** By what the vendor's own logs know the work that failed: a query, statement, job or request id. */
  readonly vendorRef?: string;
  /** Of `ROW_REJECTED`: rows that the vendor named. Those alone are set aside, without a search. */
  readonly badRows?: readonly BadRow[];
  /** Seconds the vendor asks us to wait. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** A failure we expect. Its `name` is the contract with `state-machines/`, its `code` the one with people. */
export class SyncError extends Error {
  override readonly name: ErrorName;
  readonly code: ErrorCode;
  readonly vendorCode: string | undefined;
  readonly externalMessage: string | undefined;
  readonly vendorRef: string | undefined;
  readonly badRows: readonly BadRow[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, details: SyncErrorDetails = {}) {
    super(details.message ?? errorCodes[code].text, { cause: details.cause });
    this.code = code;
    this.name = errorClasses[errorCodes[code].class].name;
    this.vendorCode = details.vendorCode;
    this.externalMessage = details.externalMessage;
    this.vendorRef = details.vendorRef;
    this.badRows = details.badRows ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get errorClass(): ErrorClass {
    return errorCodes[this.code].class;
  }

  get retry(): RetryRule {
    return errorClasses[this.errorClass].retry;
  }

  get fix(): string {
    return errorCodes[this.code].fix;
  }
}

/** The failure itself when it is one of ours, else an `UNKNOWN` around it. Bugs (`TypeError`…) become `UNKNOWN` too. */
export function asSyncError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SyncError("UNKNOWN", { externalMessage: message, cause: thrown });
}

/** Whether a throw is a `SyncError` of that code. */
export function hasCode(thrown: unknown, ...codes: ErrorCode[]): thrown is SyncError {
  return thrown instanceof SyncError && codes.includes(thrown.code);
}
