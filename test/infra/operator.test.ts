import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { alarmAnchors } from "../../lib/infra/constructs/alarm-specs.ts";
import { type CostOptions, defaultOptions, expectedInventory } from "../../lib/operate/costs/installation-options.ts";
import { inventoryOf, type Template } from "../../lib/operate/costs/inventory.ts";
import { stackNames } from "../../lib/operate/stack-names.ts";
import { dataOutputKeys, outputKeys } from "../../lib/operate/stack-outputs.ts";
import { installation } from "./support/installation.ts";

const ownVpc = {
  id: "vpc-0123456789abcdef0",
  zones: ["eu-west-1a"],
  privateSubnetIds: ["subnet-0123456789abcdef0"],
};

/** Options of the CDK, and what of them the cost model knows. */
const variants: readonly (readonly [string, Readonly<Record<string, unknown>>, Partial<CostOptions>])[] = [
  ["the defaults", {}, {}],
  ["no SFTP and no NAT gateway", { sftp: "off", natGateways: "0" }, { sftp: false, natGateways: "0" }],
  ["a gateway in each of three zones", { natGateways: "per-zone", zones: 3 }, { natGateways: "per-zone", zones: 3 }],
  ["an existing VPC with an audit trail", { vpc: ownVpc, auditTrail: "on" }, { hasOwnVpc: true, auditTrail: true }],
];

describe("what the operator's commands take for granted", () => {
  test.for(variants)("costs of %s are those of its templates", async ([, options, known]) => {
    const { root } = await installation(options);

    const templates = root.synth().stacks.map((stack) => stack.template as Template);

    expect(inventoryOf(templates)).toEqual(expectedInventory({ ...defaultOptions, ...known }));
  });

  test("stacks, outputs and the function that issues tokens are called as the commands call them", async () => {
    const { root } = await installation({ name: "acme-sync" });
    const names = stackNames("acme-sync");

    const { stacks } = root.synth();

    expect(stacks.map((stack) => stack.stackName).sort()).toEqual([names.app, names.data].sort());
    const template = (name: string) => stacks.find((stack) => stack.stackName === name)?.template ?? {};
    expect(Object.keys(template(names.app).Outputs)).toEqual(expect.arrayContaining(Object.values(outputKeys)));
    expect(Object.keys(template(names.data).Outputs)).toEqual(expect.arrayContaining(Object.values(dataOutputKeys)));
    expect(JSON.stringify(template(names.app))).toContain('"FunctionName":"acme-sync-issue-operator-token"');
  });

  test("every alarm has its section in the runbook", () => {
    const headings = [...readFileSync("docs/runbook.md", "utf8").matchAll(/^## (.+)$/gm)];

    const anchors = headings.map(([, heading = ""]) => heading.toLowerCase().replaceAll(" ", "-"));

    expect(anchors).toEqual(expect.arrayContaining([...alarmAnchors]));
  });
});
