import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { Writers } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { invokeFunction } from "./invoke.ts";

interface WritersOptions {
  /** One that waits for answers as long as `functionAnswerMsMax`. */
  readonly client: LambdaClient;
  /** `<name>-writer-`; the kind follows. */
  readonly functionPrefix: string;
  readonly kinds: readonly string[];
}

/** `Writers` as functions of their own, the only ones with a way out to warehouses. */
export function lambdaWriters({ client, functionPrefix, kinds }: WritersOptions): Writers {
  return {
    call: async (kind, step, input, signal) => {
      if (!kinds.includes(kind))
        throw new SyncError("NOT_FOUND", { message: `there is no destination ${JSON.stringify(kind)} here` });
      return invokeFunction(client, `${functionPrefix}${kind}`, { step, input }, signal);
    },
  };
}
