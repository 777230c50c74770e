import type { ErrorCode } from "./error-codes.ts";
import type { AccountId, ImportId, UserId } from "./ids.ts";
import type { DataObject } from "./log.ts";
import type { Instant } from "./time.ts";

/** The finer status beside `Completed` and `Incomplete`. */
export type ImportState = "processing" | "completed" | "completed with errors" | "failed" | "duplicate" | "superseded";

/** One uploaded file version on its way in, as the imports list shows it. */
export interface ImportRecord {
  readonly id: ImportId;
  readonly accountId: AccountId;
  readonly userId: UserId;
  /** The folder it was put in. */
  readonly object: DataObject;
  /** Path below the folder, as the uploader sees it. */
  readonly name: string;
  readonly inboxKey: string;
  readonly version: string;
  readonly bytes: number;
  readonly state: ImportState;
  readonly attempt: number;
  /** Order of claims in the account; profile imports publish in this order. */
  readonly ticket: number;
  /** True when it was published before an import with a lower ticket. */
  readonly appliedOutOfOrder: boolean;
  /** False while nobody but the object's presence says that the upload is whole. */
  readonly completenessConfirmed: boolean;
  /** When the upload ended. */
  readonly uploadedAt: Instant;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** Rows of the file so far, good or bad. */
  readonly rowsRead: number;
  /** Rows of the whole file: estimated from bytes while `totalIsEstimate`. */
  readonly rowsTotal: number;
  readonly totalIsEstimate: boolean;
  /** total = accepted + rejected */
  readonly rowsAccepted: number;
  readonly rowsRejected: number;
  /** After consolidation, accepted = new + changed + already present. Null before. */
  readonly rowsNew: number | null;
  readonly rowsChanged: number | null;
  readonly rowsPresent: number | null;
  /** Seq in the intake log, once published. */
  readonly intakeSeq: number | null;
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
}

/** What the imports list shows as Status. */
export function shownStatus(state: ImportState): "Completed" | "Incomplete" {
  return state === "processing" || state === "failed" ? "Incomplete" : "Completed";
}
