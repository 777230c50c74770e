import type * as z from "zod";
import type { Deps, Flow } from "./deps.ts";

/** A flow as a state machine calls it: input of any kind in, JSON out. */
export type Step = (deps: Deps, input: unknown, signal: AbortSignal) => Promise<unknown>;

/** Checks the input against the flow's schema, then calls it. A wrong input is a bug: it throws `ZodError`. */
export function step<Schema extends z.ZodType, Answer>(schema: Schema, flow: Flow<z.infer<Schema>, Answer>): Step {
  return async (deps, input, signal) => flow(deps, schema.parse(input), signal);
}
