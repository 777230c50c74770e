import type { Deps } from "../../flows/deps.ts";
import type { Writers } from "../../flows/ports.ts";
import { runWriterStep } from "../../flows/writer-steps.ts";
import { SyncError } from "../../model/errors.ts";

/** `Writers` in this process, on the deps that flows have. Input and answer pass as JSON, as they would between functions. */
export function embeddedWriters(deps: () => Deps): Writers {
  return {
    call: async (kind, step, input, signal) => {
      const own = deps();
      if (!own.destinationKinds.includes(kind))
        throw new SyncError("NOT_FOUND", { message: `there is no destination ${JSON.stringify(kind)}` });
      return asJson(await runWriterStep(own, { step, input: asJson(input) }, signal));
    },
  };
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
