import type { Destination } from "../../destinations/destination.ts";
import { markdownTable } from "../costs/costs-text.ts";
import type { CountedRun } from "../costs/counts.ts";
import type { WorkShape } from "../costs/row-costs.ts";
import { costBlocks } from "./cost-blocks.ts";
import { destinationBlocks } from "./destination-blocks.ts";
import { withBlock } from "./generated-block.ts";

/** An option of a deployment, as the table shows it. */
interface OptionRow {
  readonly key: string;
  readonly initial: string;
  readonly help: string;
}

export interface DocsFacts {
  readonly destinations: readonly Destination[];
  readonly run: CountedRun;
  readonly sizeOf: WorkShape["sizeOf"];
  readonly options: readonly OptionRow[];
}

/** Which generated blocks stand in which document. */
const blocksOf: Readonly<Record<string, readonly string[]>> = {
  "docs/deploy.md": ["options", "fixed costs"],
  "docs/warehouses.md": ["kinds", "details"],
  "docs/costs.md": [
    "fixed costs",
    "fixed bill",
    "counted",
    "million rows",
    "targets",
    "small month",
    "large month",
    "prices",
  ],
};

/** The documents with their generated blocks as they should be now. */
export function generatedDocs(
  facts: DocsFacts,
  read: (path: string) => string,
): readonly { readonly path: string; readonly text: string }[] {
  const rows = facts.options.map(({ key, initial, help }) => [`\`${key}\``, initial, help]);
  const blocks: Readonly<Record<string, string>> = {
    ...destinationBlocks(facts.destinations),
    ...costBlocks(facts.run, facts.sizeOf),
    options: markdownTable(["option", "default", "what"], rows),
  };
  return Object.entries(blocksOf).map(([path, names]) => ({
    path,
    text: names.reduce((document, name) => withBlock(document, name, blocks[name] ?? ""), read(path)),
  }));
}
