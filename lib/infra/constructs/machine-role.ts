import { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";
import { executionsArn, machineArn } from "../names.ts";
import { acknowledge, acknowledgeArn, acknowledgePrefix } from "./acknowledge.ts";
import type { FunctionSet } from "./functions.ts";
import type { MachineDefinition } from "./machine-definition.ts";
import type { Stored } from "./storage.ts";

/** Under which prefix of the bucket a machine's lists of items lie. */
const listPrefixes: Readonly<Record<string, string>> = {
  consolidate: "work",
  dispatch: "dispatch",
  import: "work",
  sync: "plan",
};

interface MachineRoleProps {
  readonly name: string;
  readonly definition: MachineDefinition;
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket" | "key">;
  readonly functions: FunctionSet;
}

/** The role of one machine: it may call the functions that its definition names, and what its maps need. */
export function machineRole(scope: Construct, id: string, props: MachineRoleProps): iam.Role {
  const { name, config, definition } = props;
  const stack = Stack.of(scope);
  const arn = machineArn(stack, config.name, name);
  const role = new iam.Role(scope, id, {
    description: `The state machine ${name}`,
    assumedBy: new iam.ServicePrincipal("states.amazonaws.com", {
      conditions: {
        StringEquals: { "aws:SourceAccount": stack.account },
        ArnLike: { "aws:SourceArn": [arn, `${arn}/*`] },
      },
    }),
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "CallFunctions",
      actions: ["lambda:InvokeFunction"],
      resources: calledFunctions(props),
    }),
  );
  if (definition.hasMaps) allowMaps(role, props);
  allowEncryption(role, props, arn);
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "X-Ray and the delivery of logs know no resources: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
  );
  return role;
}

function calledFunctions({ definition, functions }: MachineRoleProps): string[] {
  const steps = Object.values(definition.functions).map((name) => functions.get(name).functionArn);
  const writers = definition.callsWriters ? Object.values(functions.writers).map((writer) => writer.functionArn) : [];
  return [...steps, ...writers];
}

/** A Distributed Map starts executions of its own machine and reads its items from S3. https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html */
function allowMaps(role: iam.Role, { name, config, stored }: MachineRoleProps): void {
  const stack = Stack.of(role);
  const executions = executionsArn(stack, config.name, name);
  const children = `${executions.slice(0, -":*".length)}/*`;
  const prefix = listPrefixes[name];
  if (prefix === undefined) throw new TypeError(`the machine ${name} reads lists; say in listPrefixes where they lie`);
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "StartItems",
      actions: ["states:StartExecution"],
      resources: [machineArn(stack, config.name, name)],
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "FollowItems",
      actions: ["states:DescribeExecution", "states:StopExecution"],
      resources: [executions, children],
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "ReadLists",
      actions: ["s3:GetObject"],
      resources: [stored.bucket.arnForObjects(`${prefix}/*`)],
    }),
  );
  acknowledgePrefix(role, stored.bucket, prefix, "The lists of items lie under names that hold the attempt.");
  for (const arn of [executions, children]) acknowledgeArn(role, arn, "Executions are named when they start.");
}

/** Its own history, its lists, and the delivery of its log. https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html */
function allowEncryption(role: iam.Role, { definition, stored }: MachineRoleProps, arn: string): void {
  const stack = Stack.of(role);
  const statement = (sid: string, actions: string[], conditions: Record<string, Record<string, unknown>>) =>
    role.addToPolicy(new iam.PolicyStatement({ sid, actions, resources: [stored.key.keyArn], conditions }));
  statement("KeyOfTheHistory", ["kms:Decrypt", "kms:GenerateDataKey"], {
    ArnLike: { "kms:EncryptionContext:aws:states:stateMachineArn": [arn, `${arn}/*`] },
  });
  statement("KeyOfTheLog", ["kms:GenerateDataKey"], {
    StringLike: {
      "kms:EncryptionContext:SourceArn": `arn:${stack.partition}:logs:${stack.region}:${stack.account}:*`,
    },
  });
  if (definition.hasMaps)
    statement("KeyOfTheLists", ["kms:Decrypt"], {
      StringEquals: { "kms:ViaService": `s3.${stack.region}.amazonaws.com` },
    });
}
