import { type App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import type { Config } from "./config.ts";
import type { Code } from "./constructs/functions.ts";
import type { Kind } from "./constructs/network.ts";
import { AppStack } from "./stacks/app-stack.ts";
import { DataStack } from "./stacks/data-stack.ts";

/** What an installation is made of, ready before the tree of constructs is. */
export interface Parts {
  readonly config: Config;
  readonly kinds: readonly Kind[];
  readonly code: Code;
  readonly version: string;
}

/** Puts the stacks of one installation into an app. */
export function addStacks(app: App, { config, kinds, code, version }: Parts): { data: DataStack; app: AppStack } {
  const data = new DataStack(app, { config });
  const stack = new AppStack(app, { config, stored: data.storage, kinds, code, version });
  // The published schema of dashboards has no tags, whatever the CDK gives them.
  Tags.of(app).add("warehouse-sync", config.name, { excludeResourceTypes: ["AWS::CloudWatch::Dashboard"] });
  return { data, app: stack };
}

/** Has cdk-nag look at everything: a finding that nobody acknowledged stops the synthesis. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
}
