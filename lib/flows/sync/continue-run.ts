import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { runWrites } from "../store/runs.ts";
import { AttemptRequest, openRun } from "./open-run.ts";
import { startExecution, takenUp } from "./start-run.ts";

export const ContinueRunRequest = AttemptRequest;

/** Hands a long run over to a fresh execution, before the history of this one grows too long. */
export async function continueRun(deps: Deps, request: AttemptRequest, _signal: AbortSignal): Promise<void> {
  const next = await whileContended(async () => {
    const { run } = await openRun(deps, request);
    const taken = takenUp(run);
    await deps.table.transact(runWrites(run, taken));
    return taken;
  });
  await startExecution(deps, next);
}
