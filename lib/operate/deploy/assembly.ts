import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Template } from "../costs/inventory.ts";

/** What the CDK synthesised. */
export interface Assembly {
  readonly stacks: readonly { readonly name: string; readonly template: Template }[];
  /** The oldest bootstrap that can take it. */
  readonly bootstrapVersionMin: number;
}

interface Artifact {
  readonly type: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly requiresBootstrapStackVersion?: number;
  };
}

/** Reads a cloud assembly: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html */
export function readAssembly(folder: string): Assembly {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    readonly artifacts?: Readonly<Record<string, Artifact>>;
  };
  const stacks = Object.entries(manifest.artifacts ?? {}).filter(([, { type }]) => type === "aws:cloudformation:stack");
  return {
    stacks: stacks.map(([id, { properties = {} }]) => ({
      name: properties.stackName ?? id,
      template: JSON.parse(readFileSync(join(folder, properties.templateFile ?? ""), "utf8")) as Template,
    })),
    bootstrapVersionMin: Math.max(
      0,
      ...stacks.map(([, { properties = {} }]) => properties.requiresBootstrapStackVersion ?? 0),
    ),
  };
}
