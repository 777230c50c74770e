import * as z from "zod";
import { hourMs, isoOf } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { randomName } from "../sync/scratch.ts";

export const DispatchRequest = z.strictObject({
  /** Runs the hour now: every periodic sync is due, whatever its time. */
  isNow: z.boolean().default(false),
  /** Over how many seconds the starts are spread. */
  windowSeconds: z.int().nonnegative().max(3_600).default(0),
});

/** Begins the hour: starts the dispatch machine, once an hour however often it is called, or at once when asked to. Answers the name of the execution. */
export async function dispatch(
  deps: Deps,
  request: z.infer<typeof DispatchRequest>,
  _signal: AbortSignal,
): Promise<{ execution: string }> {
  const hour = isoOf((Math.floor(deps.clock.now() / hourMs) * hourMs) as ReturnType<typeof deps.clock.now>);
  const execution = request.isNow ? `now-${randomName(deps)}` : `hour-${hour.slice(0, 13)}`;
  await deps.workflows.start("dispatch", execution, { ...request, execution });
  return { execution };
}
