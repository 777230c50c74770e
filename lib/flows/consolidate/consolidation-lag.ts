import type { AccountId } from "../../model/ids.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { accountPointer, intakeEntries, intakeHead } from "../store/log.ts";

/** What was accepted and is not yet in the change logs. */
export interface ConsolidationLag {
  readonly waitingEntries: number;
  /** When the oldest waiting row reached us; null when none waits. */
  readonly oldestAcceptedAt: Instant | null;
}

/** How far consolidation is behind the intake log; freshness counts from here. */
export async function consolidationLag(deps: Pick<Deps, "table">, accountId: AccountId): Promise<ConsolidationLag> {
  // The pointer is read first: what is appended between the two reads counts as waiting, never as done.
  const pointer = await accountPointer(deps.table, accountId);
  const waitingEntries = (await intakeHead(deps.table, accountId)) - pointer.intakeSeq;
  if (waitingEntries <= 0) return { waitingEntries: 0, oldestAcceptedAt: null };
  let oldest = Number.POSITIVE_INFINITY;
  for (let seq = pointer.intakeSeq, page = await intakeEntries(deps.table, accountId, seq); page.length > 0; ) {
    for (const entry of page) oldest = Math.min(oldest, entry.acceptedAtMin);
    seq = page.at(-1)?.seq ?? seq;
    page = await intakeEntries(deps.table, accountId, seq);
  }
  return { waitingEntries, oldestAcceptedAt: oldest as Instant };
}
