import * as z from "zod";
import { checkSteps } from "../../model/check-step.ts";
import type { CheckOutcome } from "../../model/connection.ts";
import { asSyncError, SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { outcomeOf } from "./check-connection.ts";
import { openWarehouse } from "./open-warehouse.ts";
import { ConnectionRef } from "./requests.ts";

export const TryStepRequest = ConnectionRef.extend({ step: z.enum(checkSteps) });

/**
 * Runs a check as far as one step, and answers how that step ended; or an earlier one, where the check gets no further. A writer's step: others call `testStep`.
 */
export async function tryStep(
  deps: Deps,
  request: z.infer<typeof TryStepRequest>,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  try {
    await using warehouse = await openWarehouse(deps, connection, signal);
    for await (const outcome of warehouse.check()) if (outcome.step === request.step || !outcome.ok) return outcome;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return outcomeOf(asSyncError(thrown));
  }
  throw new SyncError("STATE_CONFLICT", { message: `the check of ${connection.kind} has no step ${request.step}` });
}
