import type { WorkflowName } from "../../../../lib/flows/ports.ts";
import { AwsFault } from "../json-server.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";
import { FunctionFailed, type Meddle } from "./function-host.ts";

/** The process dies in the middle, as Lambda tells it. */
const dies: Meddle = async () => {
  throw new FunctionFailed({
    errorType: "Runtime.ExitError",
    errorMessage: "RequestId: 0 Error: Runtime exited with error: signal: killed",
    trace: [],
  });
};

function machineArnOf({ steps, name }: DeployedInstallation, machine: WorkflowName): string {
  return steps.arns.find((arn) => arn.endsWith(`:${name}-${machine}`)) ?? "";
}

/**
 * The execution that makes the next meant call of a function is stopped then, as by hand in AWS's console. The call is
 * still made, as Lambda would, unless `isLost`.
 */
export function stopDuring(
  installation: DeployedInstallation,
  functionName: string,
  machine: WorkflowName,
  { isMeant, isLost = false }: { readonly isMeant?: (event: unknown) => boolean; readonly isLost?: boolean } = {},
): void {
  const meddle: Meddle = async (event, call) => {
    const machineArn = machineArnOf(installation, machine);
    const running = installation.executions.findLast((each) => each.machineArn === machineArn);
    await installation.steps.of(machineArn).workflows.stop(machine, running?.name ?? "");
    return isLost ? dies(event, call) : call();
  };
  installation.host.meddleNext(`${installation.name}-${functionName}`, meddle, isMeant);
}

/** The next meant call of a function never comes back. */
export function dieDuring(
  { host, name }: DeployedInstallation,
  functionName: string,
  isMeant?: (event: unknown) => boolean,
): void {
  host.meddleNext(`${name}-${functionName}`, dies, isMeant);
}

/** The next call of a function waits until `release` is called; `reached` says that it came. */
export function holdNext({ host, name }: DeployedInstallation, functionName: string) {
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  host.meddleNext(`${name}-${functionName}`, async (_event, call) => {
    reached.resolve();
    await released.promise;
    return call();
  });
  return { reached: reached.promise, release: released.resolve };
}

/** A writer's call for this step. */
export function isStep(step: string): (event: unknown) => boolean {
  return (event) => (event as { readonly step?: string }).step === step;
}

/** The next starts of a machine never reach Step Functions. */
export function loseStart(installation: DeployedInstallation, machine: WorkflowName, times = 1): void {
  const server = installation.steps.of(machineArnOf(installation, machine));
  server.failNext("StartExecution", new AwsFault("InvalidArn", "lost"), { times });
}

/** Until the end of `using`, nobody hears how executions end. */
export function loseEnds({ bus }: DeployedInstallation): Disposable {
  return bus.lose((event) => (event as { readonly source?: string }).source === "aws.states");
}

/** The next `times` calls of AWS by a function for this action are denied. */
export function denyNext({ door }: DeployedInstallation, functionName: string, action: string, times = 1): void {
  let left = times;
  // The role's name begins with its id in the template.
  const role = `role/functions${functionName.replaceAll("-", "")}role`;
  door.deny((asked, principal) => {
    const isMeant = left > 0 && asked.action === action && principal.includes(role);
    if (isMeant) left -= 1;
    return isMeant;
  });
}
