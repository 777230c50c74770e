import type { DeployedFunction } from "./function-host.ts";
import type { Assembly } from "./synthesis.ts";
import type { TemplateValues } from "./template-values.ts";

/** Every function of ours: those with code of `functions/`, not what the CDK deploys for itself. */
export function functionsOf(values: TemplateValues, { assetFolders }: Assembly): readonly DeployedFunction[] {
  return values
    .all("AWS::Lambda::Function")
    .filter((each) => each.get("FunctionName") !== undefined)
    .map((each) => {
      const { S3Key } = each.get("Code") as { readonly S3Key: string };
      const codeFolder = assetFolders.get(S3Key);
      if (codeFolder === undefined) throw new TypeError(`no asset is called ${S3Key}`);
      return {
        name: String(each.get("FunctionName")),
        arn: each.attribute("Arn"),
        roleArn: String(each.get("Role")),
        handler: String(each.get("Handler")),
        codeFolder,
        memoryMb: Number(each.get("MemorySize")),
        timeoutSeconds: Number(each.get("Timeout")),
        environment: (each.get("Environment") as { readonly Variables: Record<string, string> }).Variables,
      };
    });
}

/** A state machine as the template has it, its substitutions made. */
export interface DeployedMachine {
  readonly arn: string;
  /** The physical name. */
  readonly name: string;
  readonly roleArn: string;
  readonly definition: string;
}

export function machinesOf(values: TemplateValues): readonly DeployedMachine[] {
  return values.all("AWS::StepFunctions::StateMachine").map((each) => {
    const substitutions = each.get("DefinitionSubstitutions") as Readonly<Record<string, string>>;
    const definition = String(each.get("DefinitionString")).replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = substitutions[name];
      if (value === undefined) throw new TypeError(`nothing stands for ${name} in ${each.id}`);
      return value;
    });
    return {
      arn: each.attribute("Ref"),
      name: String(each.get("StateMachineName")),
      roleArn: String(each.get("RoleArn")),
      definition,
    };
  });
}

/** One target of a rule. */
export interface RuleTarget {
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
}

export interface DeployedRule {
  readonly name: string;
  readonly arn: string;
  /** Undefined for one that goes by the clock. */
  readonly pattern: unknown;
  readonly targets: readonly RuleTarget[];
}

export function rulesOf(values: TemplateValues): readonly DeployedRule[] {
  return values.all("AWS::Events::Rule").map((each) => ({
    name: String(each.get("Name")),
    arn: each.attribute("Arn"),
    pattern: each.get("EventPattern"),
    targets: each.get("Targets") as readonly RuleTarget[],
  }));
}

export interface DeployedQueue {
  readonly arn: string;
  readonly delaySeconds: number;
  readonly receivesMax: number;
  readonly deadLettersArn: string | undefined;
  /** What Lambda reads it for. */
  readonly readers: readonly {
    readonly functionName: string;
    readonly batchSize: number;
    readonly isPartial: boolean;
  }[];
}

export function queuesOf(values: TemplateValues): readonly DeployedQueue[] {
  const mappings = values.all("AWS::Lambda::EventSourceMapping");
  return values.all("AWS::SQS::Queue").map((each) => {
    const arn = each.attribute("Arn");
    const redrive = each.get("RedrivePolicy") as
      | { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number }
      | undefined;
    return {
      arn,
      delaySeconds: Number(each.get("DelaySeconds") ?? 0),
      receivesMax: redrive?.maxReceiveCount ?? 1,
      deadLettersArn: redrive?.deadLetterTargetArn,
      readers: mappings
        .filter((mapping) => mapping.get("EventSourceArn") === arn)
        .map((mapping) => ({
          functionName: String(mapping.get("FunctionName")),
          batchSize: Number(mapping.get("BatchSize")),
          isPartial: ((mapping.get("FunctionResponseTypes") ?? []) as readonly string[]).includes(
            "ReportBatchItemFailures",
          ),
        })),
    };
  });
}

/** Whether a service may call a function for one of its resources: the function's own policy. */
export function mayCall(values: TemplateValues, functionArn: string, service: string, sourceArn: string): boolean {
  return values.all("AWS::Lambda::Permission").some((permission) => {
    const pattern = String(permission.get("SourceArn")).replaceAll("*", ".*");
    return (
      [functionArn, functionArn.split(":").at(-1)].includes(String(permission.get("FunctionName"))) &&
      permission.get("Principal") === service &&
      new RegExp(`^${pattern}$`).test(sourceArn)
    );
  });
}
