import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { type ConsolidationSlot, consolidationName, consolidationSlot, slotWrites } from "../store/consolidations.ts";
import { whileContended } from "../store/contention.ts";
import { accountPointer, intakeHead } from "../store/log.ts";

export const StartConsolidationRequest = z.object({ accountId: accountIdSchema });
type StartConsolidationRequest = z.infer<typeof StartConsolidationRequest>;

/** Starts consolidating an account unless nothing waits. Where an attempt is open already, that one goes on and nothing new starts. */
export async function startConsolidation(
  deps: Pick<Deps, "table" | "workflows" | "clock">,
  { accountId }: StartConsolidationRequest,
  _signal: AbortSignal,
): Promise<{ readonly started: boolean }> {
  const slot = await whileContended(async () => {
    const found = await consolidationSlot(deps.table, accountId);
    if (found.attemptOpen) return found;
    const head = await intakeHead(deps.table, accountId);
    const isIdle = head <= (await accountPointer(deps.table, accountId)).intakeSeq && found.unsettledKey === null;
    if (isIdle) return null;
    const opened = {
      ...found,
      attempt: found.attempt + 1,
      attemptOpen: true,
      startedAt: deps.clock.now(),
      endedAt: null,
    };
    await deps.table.transact(slotWrites(found, opened));
    return opened;
  });
  if (slot === null) return { started: false };
  return { started: (await startExecution(deps, slot)) === "started" };
}

/** Starts the slot's execution; one that is there already, running or ended, stays as it is. */
export async function startExecution(
  deps: Pick<Deps, "workflows">,
  slot: Pick<ConsolidationSlot, "accountId" | "attempt">,
): Promise<"started" | "exists"> {
  const { accountId, attempt } = slot;
  return deps.workflows.start("consolidate", consolidationName(slot), { accountId, attempt });
}
