import { minuteMs } from "../../model/time.ts";
import { consolidationLag } from "../consolidate/consolidation-lag.ts";
import { startConsolidation } from "../consolidate/start-consolidation.ts";
import type { Deps } from "../deps.ts";
import { CheckRequest, checkAtWork } from "./check-connection.ts";

export const PrepareCutRequest = CheckRequest;

/** A new connection waits this long for what was uploaded before it, so that its historical sync brings that; then the periodic one does. */
const patienceMs = 10 * minuteMs;

/** Has waiting imports consolidated before the cut is made, as long as that takes a reasonable time. */
export async function prepareCut(deps: Deps, request: CheckRequest, signal: AbortSignal): Promise<CheckRequest> {
  const connection = await checkAtWork(deps, request);
  if (connection?.check == null) return { ...request, next: "end" };
  const isFirst = !connection.everEnabled;
  const isPatient = deps.clock.now() - connection.check.startedAt < patienceMs;
  if (!isFirst || !isPatient) return { ...request, next: "activate" };
  const { waitingEntries } = await consolidationLag(deps, request.accountId);
  if (waitingEntries === 0) return { ...request, next: "activate" };
  await startConsolidation(deps, { accountId: request.accountId }, signal);
  return { ...request, next: "wait", waits: request.waits + 1 };
}
