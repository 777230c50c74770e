import { readFileSync } from "node:fs";
import { App, Duration, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from "cdk-nag";
import { type Config, configFrom } from "../../../lib/infra/config.ts";
import type { FunctionSet } from "../../../lib/infra/constructs/functions.ts";
import { DataStack } from "../../../lib/infra/stacks/data-stack.ts";

/** Flags of the CDK, as the app has them. */
const cdkContext = (JSON.parse(readFileSync("cdk.json", "utf8")) as { readonly context: Record<string, unknown> })
  .context;

/** An app with the real data stack and a second stack in which a construct can stand alone. */
export interface Bench {
  readonly config: Config;
  readonly data: DataStack;
  readonly stack: Stack;
  readonly functions: FunctionSet;
  template(): Template;
}

/** Options are those of `-c`; functions are empty stand-ins, made when asked for. */
export function bench(options: Readonly<Record<string, unknown>> = {}): Bench {
  const config = configFrom(options);
  const app = new App({ analyticsReporting: false, context: cdkContext });
  const data = new DataStack(app, { config });
  const stack = new Stack(app, "Bench");
  return { config, data, stack, functions: standInFunctions(stack, config), template: () => Template.fromStack(stack) };
}

function standInFunctions(stack: Stack, config: Config): FunctionSet {
  const made = new Map<string, lambda.Function>();
  const get = (name: string) => {
    const found = made.get(name);
    if (found !== undefined) return found;
    const standIn = new lambda.Function(stack, `StandIn-${name}`, {
      functionName: `${config.name}-${name}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: lambda.Code.fromInline("export const handler = () => {};"),
      timeout: Duration.seconds(60),
      logGroup: logs.LogGroup.fromLogGroupName(stack, `StandIn-${name}-Log`, `/aws/lambda/${name}`),
    });
    made.set(name, standIn);
    return standIn;
  };
  const writers = { postgres: get("writer-postgres"), snowflake: get("writer-snowflake") };
  return {
    get,
    writers,
    get all() {
      return [...made.values()];
    },
  };
}

/** A finding of cdk-nag that nobody has acknowledged, as `<rule> <path>`. */
export function findings(stack: Stack): string[] {
  Template.fromStack(stack);
  const packs: NagPack[] = [new AwsSolutionsChecks(), new ServerlessChecks()];
  return packs
    .flatMap((pack) => pack.validateScope(stack).violations)
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    )
    .filter((finding) => !finding.includes(" Bench/StandIn-"))
    .sort();
}

type Properties = Readonly<Record<string, unknown>>;

/** The properties of every resource of a type. */
export function resources(template: Template, type: string): Readonly<Record<string, Properties>> {
  const found = template.findResources(type) as Record<string, { readonly Properties?: Properties }>;
  return Object.fromEntries(Object.entries(found).map(([id, { Properties = {} }]) => [id, Properties]));
}

/** The same where there is exactly one. */
export function onlyResource(template: Template, type: string): Properties {
  const found = Object.values(resources(template, type));
  if (found.length !== 1 || found[0] === undefined) throw new TypeError(`there are ${found.length} of ${type}, not 1`);
  return found[0];
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Properties;
}

/** What the policies of the role with that description allow. Roles have no physical names: those are global, and an installation may stand in two regions. */
export function statementsOf(template: Template, description: string): readonly Statement[] {
  const roles = Object.entries(resources(template, "AWS::IAM::Role"));
  const role = roles.find(([, each]) => each["Description"] === description);
  if (role === undefined) throw new TypeError(`there is no role "${description}"`);
  return Object.values(resources(template, "AWS::IAM::Policy"))
    .filter((policy) => JSON.stringify(policy["Roles"]).includes(`"${role[0]}"`))
    .flatMap((policy) => (policy["PolicyDocument"] as { readonly Statement: readonly Statement[] }).Statement);
}
