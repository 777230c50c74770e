import { ArnFormat, type Stack } from "aws-cdk-lib";

/** `warehouse-sync` → `WarehouseSync`: the first part of a stack's name. */
export function pascalCase(name: string): string {
  return name
    .split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}

/** The ARN of a function of ours, spelt so that nobody need wait for it to exist. */
export function functionArn(stack: Stack, name: string, functionName: string): string {
  return stack.formatArn({
    service: "lambda",
    resource: "function",
    resourceName: `${name}-${functionName}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** The ARN of a state machine of ours; with `""`, what all of them begin with. */
export function machineArn(stack: Stack, name: string, machine: string): string {
  return stack.formatArn({
    service: "states",
    resource: "stateMachine",
    resourceName: `${name}-${machine}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** The ARN of every execution of a machine of ours. */
export function executionsArn(stack: Stack, name: string, machine: string): string {
  return stack.formatArn({
    service: "states",
    resource: "execution",
    resourceName: `${name}-${machine}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
