import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { addStacks } from "../../../lib/infra/app.ts";
import { configFrom } from "../../../lib/infra/config.ts";
import { loadKinds } from "../../../lib/infra/kinds.ts";
import type { AppStack } from "../../../lib/infra/stacks/app-stack.ts";
import type { DataStack } from "../../../lib/infra/stacks/data-stack.ts";

/** Stands in for every bundle and for the layer: what functions do is no matter of the template. */
const standInCode = join(import.meta.dirname, "stand-in-code");

export interface Installation {
  readonly root: App;
  readonly data: DataStack;
  readonly app: AppStack;
}

/** The real stacks under options of `-c`, with the flags of cdk.json and without code. */
export async function installation(options: Readonly<Record<string, unknown>> = {}): Promise<Installation> {
  const { context } = JSON.parse(readFileSync("cdk.json", "utf8")) as { readonly context: Record<string, unknown> };
  const root = new App({ analyticsReporting: false, context });
  const code = { folderOf: () => standInCode, engineLayers: [standInCode] };
  const stacks = addStacks(root, { config: configFrom(options), kinds: await loadKinds(), code, version: "1.2.3" });
  return { root, ...stacks };
}

/** Both templates of an installation. */
export async function templates(
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly data: Template; readonly app: Template }> {
  const { data, app } = await installation(options);
  return { data: Template.fromStack(data), app: Template.fromStack(app) };
}

export interface Resource {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

/** Resources of one type. */
export function resourcesOf(template: Template, type: string): readonly Resource[] {
  const found = template.findResources(type) as Record<
    string,
    { readonly Properties?: Record<string, unknown>; readonly DeletionPolicy?: string }
  >;
  return Object.entries(found).map(([id, { Properties = {}, DeletionPolicy }]) => ({
    id,
    properties: Properties,
    deletionPolicy: DeletionPolicy,
  }));
}
