import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { accountPointer, intakeEntries } from "../store/log.ts";
import { startConsolidation } from "./start-consolidation.ts";

/** Rows that may wait for the next hour; with more, consolidation begins at once, so that no hour has too much to do. */
const waitingRowsMax = 20_000_000;
/** Entries that may wait. */
const waitingEntriesMax = 100;

/** Called when an entry was published: starts consolidating when enough waits. */
export async function startWhenFull(
  deps: Pick<Deps, "table" | "workflows" | "clock">,
  accountId: AccountId,
  signal: AbortSignal,
): Promise<void> {
  const { intakeSeq } = await accountPointer(deps.table, accountId);
  const waiting = await intakeEntries(deps.table, accountId, intakeSeq, waitingEntriesMax);
  const rows = waiting.reduce((sum, entry) => sum + entry.profileRows + entry.eventRows, 0);
  if (rows >= waitingRowsMax || waiting.length >= waitingEntriesMax)
    await startConsolidation(deps, { accountId }, signal);
}
