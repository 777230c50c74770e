import { closeExecution } from "../../lib/flows/dispatch/close-execution.ts";
import { handle } from "../handle.ts";
import { endOf } from "./status-change.ts";

/** Called by the rule on execution status FAILED, TIMED_OUT and ABORTED. */
export const handler = handle<unknown, void>(async ({ deps, environment, executionInput }, event, signal) => {
  const end = await endOf(event, environment.WS_STATE_MACHINE_PREFIX, executionInput);
  if (end !== undefined) await closeExecution(deps, end, signal);
});
