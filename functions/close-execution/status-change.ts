import * as z from "zod";
import type { CloseExecutionRequest } from "../../lib/flows/dispatch/close-execution.ts";

/** The event of EventBridge, as far as it is read. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const StatusChange = z.object({
  detail: z.object({
    name: z.string(),
    status: z.string(),
    /** `arn:…:stateMachine:<name>-<machine>` */
    stateMachineArn: z.string(),
    input: z.string(),
  }),
});

/**
 * How an execution ended; undefined for a machine that is none of ours, such as the children of a Distributed Map. An
 * event without the input (it is left out where it is too long, which ours never are) throws.
 */
export function endOf(event: unknown, stateMachinePrefix: string): z.infer<typeof CloseExecutionRequest> | undefined {
  const { name, status, stateMachineArn, input } = StatusChange.parse(event).detail;
  if (!stateMachineArn.startsWith(stateMachinePrefix) || stateMachineArn.includes("/")) return undefined;
  return { machine: stateMachineArn.slice(stateMachinePrefix.length), name, status, input: JSON.parse(input) };
}
