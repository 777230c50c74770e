import { billTable, dollarsText, markdownTable, monthTable, pricesTable, targetsText } from "../costs/costs-text.ts";
import type { CountedRun } from "../costs/counts.ts";
import { dollarsOf, fixedCosts } from "../costs/fixed-costs.ts";
import { type CostOptions, defaultOptions, expectedInventory } from "../costs/installation-options.ts";
import { monthCosts } from "../costs/month-costs.ts";
import { millionRowsCosts, type WorkShape } from "../costs/row-costs.ts";

/** The tables of docs/costs.md and docs/deploy.md, by the name of their block. */
export function costBlocks(run: CountedRun, sizeOf: WorkShape["sizeOf"]): Readonly<Record<string, string>> {
  const shape: WorkShape = {
    sizeOf,
    architecture: "arm64",
    hasNat: true,
    hasSftp: true,
    hasAuditTrail: false,
    warehouse: "internet",
  };
  const usual = expectedInventory(defaultOptions);
  const month = (accounts: number, rows: number) =>
    monthTable(monthCosts(usual, run, shape, { accounts, rows, uploads: accounts * 30 }));
  return {
    "fixed costs": choicesTable(),
    "fixed bill": billTable(fixedCosts(usual), "a month"),
    "million rows": billTable(millionRowsCosts(run, shape), "a million rows"),
    targets: targetsText(usual, run, shape),
    "small month": month(1, 10_000_000),
    "large month": month(100, 1_000_000_000),
    prices: pricesTable(),
    counted: countedText(run),
  };
}

const choices: readonly (readonly [string, Partial<CostOptions>])[] = [
  ["defaults: one NAT gateway, SFTP", {}],
  ["`sftp=off`", { sftp: false }],
  ["`natGateways=0`", { natGateways: "0" }],
  ["`natGateways=0`, `sftp=off`", { natGateways: "0", sftp: false }],
  ["`natGateways=per-zone` (two zones)", { natGateways: "per-zone" }],
  ["`natGateways=per-zone`, `zones=3`", { natGateways: "per-zone", zones: 3 }],
  ["`vpc={…}` (its gateways are billed there)", { hasOwnVpc: true }],
];

function choicesTable(): string {
  const rows = choices.map(([words, options]) => {
    const dollars = dollarsOf(fixedCosts(expectedInventory({ ...defaultOptions, ...options })));
    return [words, dollarsText(dollars), dollarsText(dollars * 12)];
  });
  return markdownTable(["options", "a month", "a year"], rows);
}

function countedText({ countedOn, cores, large, small, warehouse }: CountedRun): string {
  const seconds = Object.values(large.counts.steps).reduce((sum, step) => sum + step.seconds, 0);
  const rows = large.rows.toLocaleString("en-US");
  return `Counted on ${countedOn} with ${rows} rows in ${large.uploads} files (and ${small.rows.toLocaleString("en-US")} rows in ${small.uploads} files), from the upload to the receipts in a ${warehouse} warehouse, on a machine with ${cores} processors. A row took ${Math.round(large.csvBytes / large.rows)} bytes of CSV and ${Math.round(large.counts.bytesToWarehouse / large.rows)} bytes on the way to the warehouse. The steps took ${Math.round(seconds)} s in all, of which the process computed ${Math.round(large.processorSeconds)} s; the rest they waited for the warehouse's server or for a busy machine, so that Lambda's time is rather too high than too low.`;
}
