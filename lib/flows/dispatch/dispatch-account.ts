import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";
import { consolidationLag } from "../consolidate/consolidation-lag.ts";
import { startConsolidation } from "../consolidate/start-consolidation.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { getSyncRecord, syncsOf, syncWrites } from "../store/syncs.ts";
import { startDueSyncs } from "./start-due-syncs.ts";

export const DispatchAccountRequest = z.object({ accountId: accountIdSchema, isNow: z.boolean().default(false) });
type DispatchAccountRequest = z.infer<typeof DispatchAccountRequest>;

/** Runs the hour of one account: what waits is consolidated first, and that machine starts the syncs at its end; else they start now. */
export async function dispatchAccount(deps: Deps, request: DispatchAccountRequest, signal: AbortSignal): Promise<void> {
  const { accountId } = request;
  if (request.isNow) await makeDue(deps, request);
  const { waitingEntries } = await consolidationLag(deps, accountId);
  if (waitingEntries > 0) await startConsolidation(deps, { accountId }, signal);
  else await startDueSyncs(deps, { accountId }, signal);
}

/** Makes every sync due that has a time for its next run. */
async function makeDue(deps: Deps, { accountId }: DispatchAccountRequest): Promise<void> {
  for (const { id } of await syncsOf(deps.table, accountId)) {
    await whileContended(async () => {
      const sync = await getSyncRecord(deps.table, accountId, id);
      const now = deps.clock.now();
      if (sync.nextRunAt === null || sync.nextRunAt <= now) return;
      await deps.table.transact(syncWrites(sync, { ...sync, nextRunAt: now }));
    });
  }
}
