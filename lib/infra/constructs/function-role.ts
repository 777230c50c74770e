import type * as iam from "aws-cdk-lib/aws-iam";
import type * as logs from "aws-cdk-lib/aws-logs";
import type { Places } from "../call-resources.ts";
import { interfaces, logsTo, permissionsFor, sendingTo, tracing } from "../permissions.ts";
import { declaredCalls, type FunctionSpec } from "../specs/function-spec.ts";
import { acknowledgeStars } from "../stars.ts";

/** What a function's role depends on beside its declared calls. */
interface Surroundings extends Places {
  readonly logGroup: logs.ILogGroup;
  readonly ownArn: string;
  readonly isInVpc: boolean;
  readonly deadLettersArn: string;
}

/** Gives a function's role what its declared calls need, and what Lambda itself does in its name: logs, traces, network interfaces. */
export function allow(role: iam.Role, spec: FunctionSpec, around: Surroundings): void {
  const permissions = permissionsFor(declaredCalls(spec, around.sftp !== null), around);
  for (const { statement } of permissions) role.addToPrincipalPolicy(statement);
  role.addToPrincipalPolicy(logsTo(around.logGroup));
  role.addToPrincipalPolicy(tracing());
  if (spec.isAsync === true) role.addToPrincipalPolicy(sendingTo(around.deadLettersArn));
  if (around.isInVpc) for (const statement of interfaces(around.ownArn)) role.addToPrincipalPolicy(statement);
  acknowledgeStars(role.node.findChild("DefaultPolicy"), [
    ...permissions.flatMap(({ stars }) => stars),
    { resource: "*", reason: "Traces and network interfaces belong to no resource." },
  ]);
}
