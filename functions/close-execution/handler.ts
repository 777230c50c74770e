import { closeExecution } from "../../lib/flows/dispatch/close-execution.ts";
import { handle } from "../handle.ts";
import { endOf } from "./status-change.ts";

/** Called by the rule on execution status FAILED, TIMED_OUT and ABORTED. */
export const handler = handle<unknown, void>(async ({ deps, environment }, event, signal) => {
  const end = endOf(event, environment.WS_STATE_MACHINE_PREFIX);
  if (end !== undefined) await closeExecution(deps, end, signal);
});
