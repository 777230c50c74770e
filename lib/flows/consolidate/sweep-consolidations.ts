import * as z from "zod";
import type { AccountId } from "../../model/ids.ts";
import { minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { consolidationName, consolidationSlot, unfinishedConsolidations } from "../store/consolidations.ts";
import { failConsolidation } from "./close-consolidation.ts";
import { startConsolidation, startExecution } from "./start-consolidation.ts";

export const SweepConsolidationsRequest = z.object({});

/** A failed consolidation waits this long for each failure in a row, at most `patienceMaxMs`. */
const patienceMs = 5 * minuteMs;
const patienceMaxMs = 60 * minuteMs;

/** Takes up consolidations whose execution is gone, and tries failed ones again. */
export async function sweepConsolidations(
  deps: Deps,
  _request: z.infer<typeof SweepConsolidationsRequest>,
  signal: AbortSignal,
): Promise<void> {
  for (const accountId of await unfinishedConsolidations(deps.table)) {
    signal.throwIfAborted();
    try {
      await lookAfter(deps, accountId, signal);
    } catch (error) {
      deps.log("sweep failed in part", { what: "consolidation", accountId, message: String(error) });
    }
  }
}

async function lookAfter(deps: Deps, accountId: AccountId, signal: AbortSignal): Promise<void> {
  const slot = await consolidationSlot(deps.table, accountId);
  if (slot.attemptOpen) {
    const status = await deps.workflows.describe("consolidate", consolidationName(slot));
    if (status === "RUNNING") return;
    // Nobody knows the execution: it was never started, or its process died. Every step can be repeated.
    if (status === undefined) return void (await startExecution(deps, slot));
    const { attempt } = slot;
    await failConsolidation(deps, { accountId, attempt, error: { Error: `the execution ended ${status}` } }, signal);
    return void (await startConsolidation(deps, { accountId }, signal));
  }
  const patience = Math.min(patienceMaxMs, patienceMs * Math.max(0, slot.failures - 1));
  if (deps.clock.now() - (slot.endedAt ?? slot.startedAt) < patience) return;
  await startConsolidation(deps, { accountId }, signal);
}
