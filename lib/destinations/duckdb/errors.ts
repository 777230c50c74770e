import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { redact } from "../redact.ts";

/** What DuckDB and the file system say, and what that means to us; the first that matches counts. */
const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^INTERRUPT Error/, "ABORTED"],
  [/Could not set lock on file/, "DEST_BUSY"],
  [/No space left on device|ENOSPC|Could not write all bytes/, "STORAGE_FULL"],
  [/Permission denied|EACCES|EPERM|EROFS|Read-only file system|read-only mode/, "PERMISSION_DENIED"],
  [/not a valid DuckDB database file|newer DuckDB version|older version|Is a directory/, "SETTINGS_INVALID"],
  [/No files found that match|ENOENT|No magic bytes|not a Parquet file|too small to be a Parquet/i, "STAGED_GONE"],
  [/^Catalog Error: Table .* does not exist/, "OBJECT_MISSING"],
  [/^Catalog Error: .*(already exists|Existing object)/s, "COLUMN_CONFLICT"],
  [/^Binder Error: .*(column|referenced)/is, "COLUMN_CONFLICT"],
  [/^TransactionContext Error|^Transaction.*[Cc]onflict/, "CONFLICT"],
  [/^Out of Memory Error/, "DEST_BUSY"],
  [/^(Conversion|Constraint|Out of Range) Error|Malformed JSON|Invalid Input Error/, "ROW_REJECTED"],
];

/** A failure of DuckDB as one of ours, with its own words kept. */
export function duckdbError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const code = meanings.find(([pattern]) => pattern.test(text))?.[1] ?? "UNKNOWN";
  // The lines after the first quote our own statement.
  const [words = ""] = text.split("\n");
  return new SyncError(code, { externalMessage: redact(words, []), cause: thrown });
}
