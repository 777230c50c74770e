import type { WorkflowName } from "../../../../lib/flows/ports.ts";
import { AwsFault } from "../json-server.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";
import { FunctionFailed, type Meddle } from "./function-host.ts";

/** The process dies in the middle, as Lambda tells it. */
export const dies: Meddle = async () => {
  throw new FunctionFailed({
    errorType: "Runtime.ExitError",
    errorMessage: "RequestId: 0 Error: Runtime exited with error: signal: killed",
    trace: [],
  });
};

function machineArnOf({ steps, name }: DeployedInstallation, machine: WorkflowName): string {
  return steps.arns.find((arn) => arn.endsWith(`:${name}-${machine}`)) ?? "";
}

/** While the next meant call of a function is at work, its execution is stopped, as by hand in AWS's console. */
export function stopDuring(
  installation: DeployedInstallation,
  functionName: string,
  machine: WorkflowName,
  isMeant: (event: unknown) => boolean = () => true,
): void {
  const meddle: Meddle = async (_event, call) => {
    const machineArn = machineArnOf(installation, machine);
    const running = installation.executions.findLast((each) => each.machineArn === machineArn);
    await installation.steps.of(machineArn).workflows.stop(machine, running?.name ?? "");
    return call();
  };
  installation.host.meddleNext(`${installation.name}-${functionName}`, meddle, isMeant);
}

/** The next start of a machine never reaches Step Functions. */
export function loseStart(installation: DeployedInstallation, machine: WorkflowName, times = 1): void {
  const server = installation.steps.of(machineArnOf(installation, machine));
  server.failNext("StartExecution", new AwsFault("InvalidArn", "lost"), { times });
}
