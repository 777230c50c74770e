import type * as z from "zod";
import type { Flow } from "../lib/flows/deps.ts";
import { step } from "../lib/flows/step.ts";
import type { FunctionContext } from "./context.ts";
import { handle } from "./handle.ts";

/** The handler of a state machine's step: the payload is the flow's input, what it answers the state's result. */
export function stepHandler<Schema extends z.ZodType, Answer>(
  schema: Schema,
  flow: Flow<z.infer<Schema>, Answer>,
  open?: () => FunctionContext,
) {
  const run = step(schema, flow);
  return handle<unknown, unknown>(async ({ deps }, input, signal) => (await run(deps, input, signal)) ?? null, open);
}
