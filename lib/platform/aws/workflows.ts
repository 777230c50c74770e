import {
  DescribeExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Clock, ExecutionStatus, Randomness, WorkflowName, Workflows } from "../../flows/ports.ts";
import { checkExecution } from "../execution-rules.ts";

interface WorkflowsOptions {
  readonly client: SFNClient;
  /** `arn:…:stateMachine:<name>-`; the machine's name follows. */
  readonly machinePrefix: string;
  readonly clock: Pick<Clock, "sleep">;
  readonly randomness: Pick<Randomness, "bytes">;
}

/** What was started a moment ago may not be described yet: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html */
const secondLookMs = 1_000;

/** `Workflows` on Step Functions. It forgets a name 90 days after its execution ended: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
export function openWorkflows({ client, machinePrefix, clock, randomness }: WorkflowsOptions): Workflows {
  const machineArn = (machine: WorkflowName) => `${machinePrefix}${machine}`;
  const executionArn = (machine: WorkflowName, name: string) =>
    `${machineArn(machine).replace(":stateMachine:", ":execution:")}:${name}`;
  return {
    start: async (machine, name, input) => {
      // To a repeat with the same input Step Functions says "started" while the first still runs. No two calls have
      // this field alike; an SDK that tries one call again does, and then that answer is right. Steps ignore it.
      const start = Buffer.from(randomness.bytes(9)).toString("base64url");
      const text = JSON.stringify({ ...input, start });
      checkExecution(name, text);
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn: machineArn(machine), name, input: text }));
        return "started";
      } catch (error) {
        if (isNamed(error, "ExecutionAlreadyExists")) return "exists";
        throw error;
      }
    },
    stop: async (machine, name) => {
      try {
        await client.send(new StopExecutionCommand({ executionArn: executionArn(machine, name) }));
      } catch (error) {
        if (!isNamed(error, "ExecutionDoesNotExist")) throw error;
      }
    },
    describe: async (machine, name) => {
      const arn = executionArn(machine, name);
      const seen = await statusOf(client, arn);
      if (seen !== undefined) return seen;
      await clock.sleep(secondLookMs);
      return statusOf(client, arn);
    },
  };
}

/** Undefined for an execution that is not known. One that failed and waits for its redrive goes on by itself. */
async function statusOf(client: SFNClient, executionArn: string): Promise<ExecutionStatus | undefined> {
  try {
    const { status } = await client.send(new DescribeExecutionCommand({ executionArn }));
    return status === "PENDING_REDRIVE" ? "RUNNING" : status;
  } catch (error) {
    if (isNamed(error, "ExecutionDoesNotExist")) return undefined;
    throw error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
