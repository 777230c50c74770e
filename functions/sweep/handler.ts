import { measureHealth } from "../../lib/flows/dispatch/measure-health.ts";
import { sweep } from "../../lib/flows/dispatch/sweep.ts";
import { handle } from "../handle.ts";
import { countHealth } from "../telemetry.ts";

/** Called every quarter of an hour: takes up what was lost, then measures what is left, for the alarms. */
export const handler = handle<unknown, void>(async ({ deps }, _event, signal) => {
  await sweep(deps, {}, signal);
  countHealth(await measureHealth(deps, {}, signal));
});
