import type { ExecutionStatus, WorkflowName } from "../../../lib/flows/ports.ts";
import { machineOf } from "../../../lib/platform/aws/aws-call.ts";
import {
  type EmbeddedWorkflows,
  openWorkflows,
  type WorkflowsOptions,
} from "../../../lib/platform/embedded/workflows.ts";
import { AwsFault, type AwsServer, startJsonServer } from "./json-server.ts";

/** What EventBridge hands to the rule on execution status: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export interface StatusEvent {
  readonly source: "aws.states";
  readonly "detail-type": "Step Functions Execution Status Change";
  readonly detail: {
    readonly executionArn: string;
    readonly stateMachineArn: string;
    readonly name: string;
    readonly status: ExecutionStatus;
    readonly input: string;
    readonly error: string | null;
    readonly cause: string | null;
  };
}

export interface StatesServer extends AwsServer {
  /** `arn:…:stateMachine:<name>-`, for `WS_STATE_MACHINE_PREFIX`. */
  readonly machinePrefix: string;
  /** The interpreter behind, to wait for what runs. */
  readonly workflows: EmbeddedWorkflows;
}

export interface StatesServerOptions extends Omit<WorkflowsOptions, "onEnd"> {
  /** @default warehouse-sync */
  readonly name?: string;
  /** Called at the end of each execution, whatever its status. */
  readonly onStatus?: (event: StatusEvent) => Promise<void>;
}

interface Started {
  readonly machine: WorkflowName;
  readonly name: string;
  readonly stateMachineArn: string;
  readonly executionArn: string;
  readonly input: string;
  readonly startDate: number;
}

const account = "arn:aws:states:eu-west-1:123456789012";

/** Step Functions on the loopback: runs the machines of a folder with the embedded interpreter. Region `eu-west-1`. */
export async function startStatesServer(options: StatesServerOptions): Promise<StatesServer> {
  const machinePrefix = `${account}:stateMachine:${options.name ?? "warehouse-sync"}-`;
  const executions = new Map<string, Started>();
  const workflows = openWorkflows({
    ...options,
    onEnd: async ({ machine, name, status, error }) => {
      const started = executions.get(arnOf(machinePrefix, machine, name));
      if (started === undefined) return;
      const { executionArn, stateMachineArn, input } = started;
      const detail = { executionArn, stateMachineArn, name, status, input, error: error?.name ?? null };
      await options.onStatus?.({
        source: "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        detail: { ...detail, cause: error?.cause ?? null },
      });
    },
  });
  const server = await startJsonServer("1.0", operationsOf(machinePrefix, executions, workflows));
  return {
    ...server,
    machinePrefix,
    workflows,
    [Symbol.asyncDispose]: async () => {
      await workflows.drain(0);
      await server[Symbol.asyncDispose]();
    },
  };
}

function operationsOf(machinePrefix: string, executions: Map<string, Started>, workflows: EmbeddedWorkflows) {
  const known = (executionArn: unknown) => {
    const started = executions.get(String(executionArn));
    if (started === undefined)
      throw new AwsFault("ExecutionDoesNotExist", `Execution Does Not Exist: '${executionArn}'`);
    return started;
  };
  const statusOf = ({ machine, name }: Started) => workflows.describe(machine, name);
  return {
    StartExecution: async (request: Readonly<Record<string, unknown>>) => {
      const [stateMachineArn, name, input] = [request["stateMachineArn"], request["name"], request["input"]].map(
        String,
      );
      const machine = machineOf(stateMachineArn ?? "") as WorkflowName;
      if (!stateMachineArn?.startsWith(machinePrefix)) throw new AwsFault("StateMachineDoesNotExist");
      const executionArn = arnOf(machinePrefix, machine, name ?? "");
      const first = executions.get(executionArn);
      if (first !== undefined) {
        // The same again, while it runs, is answered as the first was: nothing says that it is a repeat.
        const isSame = first.input === input && (await statusOf(first)) === "RUNNING";
        if (!isSame) throw new AwsFault("ExecutionAlreadyExists", `Execution Already Exists: '${executionArn}'`);
        return { executionArn, startDate: first.startDate };
      }
      const startDate = Date.now() / 1_000;
      const started = { machine, name: name ?? "", stateMachineArn, executionArn, input: input ?? "", startDate };
      executions.set(executionArn, started);
      await workflows.start(machine, started.name, JSON.parse(started.input));
      return { executionArn, startDate };
    },
    StopExecution: async ({ executionArn }: Readonly<Record<string, unknown>>) => {
      const { machine, name } = known(executionArn);
      await workflows.stop(machine, name);
      return { stopDate: Date.now() / 1_000 };
    },
    DescribeExecution: async ({ executionArn }: Readonly<Record<string, unknown>>) => {
      const started = known(executionArn);
      const { stateMachineArn, name, input, startDate } = started;
      return { executionArn, stateMachineArn, name, input, startDate, status: await statusOf(started) };
    },
  };
}

function arnOf(machinePrefix: string, machine: string, name: string): string {
  return `${machinePrefix.replace(":stateMachine:", ":execution:")}${machine}:${name}`;
}
