import * as z from "zod";
import { asSyncError } from "../../model/errors.ts";
import { errorOfCatch } from "../../model/wire-error.ts";
import type { Deps } from "../deps.ts";
import { consolidationSlot, slotWrites } from "../store/consolidations.ts";
import { whileContended } from "../store/contention.ts";
import { giveUpLease } from "./consolidation-lease.ts";
import { AttemptRequest } from "./requests.ts";
import { startConsolidation } from "./start-consolidation.ts";

export const CloseConsolidationRequest = AttemptRequest;

/** Ends an attempt that left nothing waiting; what was accepted meanwhile gets the next one. */
export async function closeConsolidation(
  deps: Deps,
  request: AttemptRequest,
  signal: AbortSignal,
): Promise<AttemptRequest> {
  const { accountId, attempt } = request;
  await giveUpLease(deps, request);
  await whileContended(async () => {
    const slot = await consolidationSlot(deps.table, accountId);
    if (slot.attempt !== attempt || !slot.attemptOpen) return;
    const closed = { ...slot, attemptOpen: false, endedAt: deps.clock.now(), failures: 0, error: null };
    await deps.table.transact(slotWrites(slot, closed));
  });
  await startConsolidation(deps, { accountId }, signal);
  return { accountId, attempt };
}

export const FailConsolidationRequest = AttemptRequest.extend({
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).optional(),
});

/** Ends an attempt that failed, and keeps why; the sweep makes the next. An attempt that was closed already stays as it is. */
export async function failConsolidation(
  deps: Deps,
  request: z.infer<typeof FailConsolidationRequest>,
  _signal: AbortSignal,
): Promise<AttemptRequest> {
  const { accountId, attempt } = request;
  const error = asSyncError(errorOfCatch(request.error) ?? new Error("no reason was given"));
  await giveUpLease(deps, request);
  await whileContended(async () => {
    const slot = await consolidationSlot(deps.table, accountId);
    if (slot.attempt !== attempt || !slot.attemptOpen) return;
    const at = deps.clock.now();
    const message = error.externalMessage ?? error.message;
    const failed = {
      ...slot,
      attemptOpen: false,
      endedAt: at,
      failures: slot.failures + 1,
      error: { code: error.code, class: error.errorClass, message, at },
    };
    await deps.table.transact(slotWrites(slot, failed));
    deps.log("consolidation failed", { accountId, attempt, failures: failed.failures, message });
  });
  return { accountId, attempt };
}
