import type { Deps } from "../../flows/deps.ts";
import { steps } from "../../flows/steps.ts";
import { runWriterStep, WriterCall } from "../../flows/writer-steps.ts";

const writerPrefix = "writer-";

/** Runs in this process what a machine names: a step, or the writer of a kind. Throws `TypeError` for a function that there is not. */
export async function callFunction(deps: Deps, name: string, input: unknown, signal: AbortSignal): Promise<unknown> {
  if (name.startsWith(writerPrefix)) {
    const kind = name.slice(writerPrefix.length);
    if (!deps.destinationKinds.includes(kind))
      throw new TypeError(`there is no writer of kind ${JSON.stringify(kind)}`);
    return runWriterStep(deps, input, signal);
  }
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (step === undefined) throw new TypeError(`no step is called ${name}`);
  return step(deps, input, signal);
}

/** The step behind a call, for logs: a writer is told in its input which one. */
export function stepOf(name: string, input: unknown): string {
  const call = name.startsWith(writerPrefix) ? WriterCall.safeParse(input) : undefined;
  return call?.data?.step ?? name;
}
