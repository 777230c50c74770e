import type { SavedMapping } from "../../flows/store/mappings.ts";
import { errorCodes } from "../../model/error-codes.ts";
import { type ImportRecord, shownStatus } from "../../model/import.ts";
import { iso } from "./instants.ts";

/** An import as the list of imports shows it: Status, Rows processed, Import date, Imported by. */
export function importView(record: ImportRecord, importedBy: string | null) {
  return {
    id: record.id,
    object: record.object,
    file: `/${record.object}/${record.name}`,
    bytes: record.bytes,
    status: shownStatus(record.state),
    /** The finer status. */
    state: record.state,
    rowsProcessed: {
      rows: record.rowsRead,
      total: record.rowsTotal,
      totalIsEstimate: record.totalIsEstimate,
      percent: percentOf(record),
    },
    rowsAccepted: record.rowsAccepted,
    rowsRejected: record.rowsRejected,
    rowsNew: record.rowsNew,
    rowsChanged: record.rowsChanged,
    rowsAlreadyPresent: record.rowsPresent,
    appliedOutOfOrder: record.appliedOutOfOrder,
    /** False where the upload was never announced as whole, only found: compare its rows with what was sent. */
    completenessConfirmed: record.completenessConfirmed,
    importDate: iso(record.uploadedAt),
    startedAt: iso(record.startedAt),
    endedAt: iso(record.endedAt),
    importedBy: { userId: record.userId, name: importedBy },
    attempt: record.attempt,
    /** Where it stands in the intake log; null until its rows are accepted. */
    intakeSeq: record.intakeSeq,
    error:
      record.errorCode === null
        ? null
        : {
            code: record.errorCode,
            message: record.errorMessage ?? errorCodes[record.errorCode].text,
            fix: errorCodes[record.errorCode].fix,
          },
  };
}

function percentOf(record: ImportRecord): number {
  if (record.state !== "processing") return 100;
  if (record.rowsTotal === 0) return 0;
  return Math.min(99, Math.floor((100 * record.rowsRead) / record.rowsTotal));
}

/** How the columns of a folder's files are read; version 0 is what holds before anything was saved. */
export function mappingView(saved: SavedMapping) {
  return { folder: saved.object, version: saved.version, savedAt: iso(saved.savedAt), mapping: saved.mapping };
}
