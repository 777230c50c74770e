import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { settleImports } from "../import/settle-imports.ts";
import { openSlot, slotWrites } from "../store/consolidations.ts";
import { readList } from "../store/records.ts";
import type { RoundOutcome } from "./publish-round.ts";
import type { AttemptRequest } from "./requests.ts";
import { roundPrefix } from "./round-files.ts";

/** Tells the imports of the last published round how their rows turned out, and removes what the round left behind. Can be repeated. */
export async function settleRound(deps: Deps, request: AttemptRequest): Promise<void> {
  const slot = await openSlot(deps.table, request.accountId, request.attempt);
  if (slot.unsettledKey === null) return;
  const outcome = await readList<RoundOutcome>(deps.files, slot.unsettledKey);
  if (outcome === undefined) throw new TypeError(`the outcome ${slot.unsettledKey} is gone`);
  await settleImports(deps, request.accountId, outcome.imports);
  await removeLeftovers(deps, request.accountId, outcome);
  await deps.table.transact(slotWrites(slot, { ...slot, unsettledKey: null }));
}

/** All work of the round, of whatever attempt, and outputs of tries that came to nothing. */
async function removeLeftovers(deps: Deps, accountId: AccountId, { round, kept }: RoundOutcome): Promise<void> {
  const published = new Set(kept);
  for (const place of ["work", "change", "state"]) {
    const prefix = `${place}/${accountId}/${roundPrefix(round)}`;
    for (let page = await deps.files.list(prefix); page.length > 0; ) {
      for (const { key } of page) if (!published.has(key)) await deps.files.delete(key);
      page = await deps.files.list(prefix, { after: page.at(-1)?.key ?? "" });
    }
  }
}
