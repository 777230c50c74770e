import * as z from "zod";
import type { CloseExecutionRequest } from "../../lib/flows/dispatch/close-execution.ts";

/** The event of EventBridge, as far as it is read. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const StatusChange = z.object({
  detail: z.object({
    executionArn: z.string(),
    name: z.string(),
    status: z.string(),
    /** `arn:…:stateMachine:<name>-<machine>` */
    stateMachineArn: z.string(),
  }),
});

/**
 * How an execution ended; undefined for a machine that is none of ours, such as the children of a Distributed Map. The
 * input is asked for: events leave it out where the machine has a key of its own, as ours have.
 * https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
 */
export async function endOf(
  event: unknown,
  stateMachinePrefix: string,
  inputOf: (executionArn: string) => Promise<unknown>,
): Promise<z.infer<typeof CloseExecutionRequest> | undefined> {
  const { executionArn, name, status, stateMachineArn } = StatusChange.parse(event).detail;
  if (!stateMachineArn.startsWith(stateMachinePrefix) || stateMachineArn.includes("/")) return undefined;
  const machine = stateMachineArn.slice(stateMachinePrefix.length);
  return { machine, name, status, input: await inputOf(executionArn) };
}
