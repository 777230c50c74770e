import type { AccountId, ImportId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { editImport, findImport } from "../store/imports.ts";

/** How the accepted rows of one import turned out: accepted = new + changed + present. */
export interface RowsSettled {
  readonly importId: ImportId;
  readonly new: number;
  readonly changed: number;
  readonly present: number;
}

/** Keeps how the rows of consolidated imports turned out. The first word counts: repeating it changes nothing. */
export async function settleImports(
  deps: Pick<Deps, "table">,
  accountId: AccountId,
  outcomes: readonly RowsSettled[],
): Promise<void> {
  for (const { importId, new: rowsNew, changed: rowsChanged, present: rowsPresent } of outcomes) {
    // Entries of API batches have no import.
    if ((await findImport(deps.table, accountId, importId)) === undefined) continue;
    await editImport(deps.table, accountId, importId, (record) =>
      record.rowsNew === null ? { rowsNew, rowsChanged, rowsPresent } : undefined,
    );
  }
}
