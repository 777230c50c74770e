import * as z from "zod";
import type { RunRecord } from "../../model/sync.ts";
import { endCheck } from "../connections/end-check.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { getRunRecord, type RunRef, runWrites } from "../store/runs.ts";
import { failRun } from "./fail-run.ts";
import { executionName } from "./open-run.ts";
import { startExecution, takenUp } from "./start-run.ts";

/** The end of an execution, as its status rule or the interpreter reports it. */
export const CloseRunRequest = z.object({
  machine: z.string(),
  name: z.string(),
  status: z.string(),
  input: z.unknown(),
});
type CloseRunRequest = z.infer<typeof CloseRunRequest>;

/** Deaths in a row after which a run is no longer taken up at once but fails like any other. */
const deathsMax = 8;

/** Called when an execution has ended badly: no `Catch` sees a stop, a history overflow or a killed process. Ends its attempt; twice is the same as once. */
export async function closeRun(deps: Deps, request: CloseRunRequest, signal: AbortSignal): Promise<void> {
  if (request.status === "SUCCEEDED") return;
  if (request.machine === "check-connection") return endCheck(deps, request.input, request.name);
  if (request.machine !== "sync") return;
  const ref = z.object({ accountId: z.string(), runId: z.string() }).parse(request.input) as RunRef;
  const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
  if (!run.attemptOpen || executionName(run) !== request.name) return;
  // A machine that failed in its own failure path has noted why; a stop or a timeout has not.
  const error = request.status === "FAILED" ? {} : { error: { Error: `execution ${request.status}` } };
  await failRun(deps, { ...ref, attempt: run.attempt, ...error }, signal);
}

/** Takes up a run whose execution is gone: the process that worked on it was killed. A run that kills its process again and again fails instead. */
export async function takeUpDead(deps: Deps, ref: RunRef, signal: AbortSignal): Promise<void> {
  const seen = await getRunRecord(deps.table, ref.accountId, ref.runId);
  if (!seen.attemptOpen) return;
  if (seen.deaths >= deathsMax) return failRun(deps, { ...ref, attempt: seen.attempt }, signal);
  const next = await whileContended(async (): Promise<RunRecord | undefined> => {
    const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
    if (!run.attemptOpen || run.attempt !== seen.attempt) return undefined;
    const taken = { ...takenUp(run), deaths: run.deaths + 1 };
    await deps.table.transact(runWrites(run, taken));
    return taken;
  });
  if (next !== undefined) await startExecution(deps, next);
}
