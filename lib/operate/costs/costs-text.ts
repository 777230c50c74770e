import { type Price, pricesCheckedOn } from "../../model/price.ts";
import type { CountedRun } from "./counts.ts";
import { type CostLine, dollarsOf, fixedCosts } from "./fixed-costs.ts";
import type { Inventory } from "./inventory.ts";
import { keptDollars, type MonthPart, targets } from "./month-costs.ts";
import { prices } from "./prices.ts";
import { millionRowsCosts, uploadCosts, type WorkShape } from "./row-costs.ts";

/** `$35.84`, and small sums with as many digits as tell something: `$0.0031`. */
export function dollarsText(dollars: number): string {
  if (dollars === 0) return "$0";
  const digits = dollars >= 1 ? 2 : Math.min(8, 1 - Math.floor(Math.log10(dollars)));
  return `$${dollars.toFixed(Math.max(2, digits))}`;
}

/** Every digit of a price: `$0.0000133334`. */
function priceText(dollars: number): string {
  const [whole = "0", fraction = ""] = dollars.toFixed(12).split(".");
  return `$${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
}

/** The lines of a bill as a Markdown table, dearest first, with their sum. */
export function billTable(lines: readonly CostLine[], unit: string): string {
  const sorted = [...lines].sort((a, b) => b.units * b.price.dollars - a.units * a.price.dollars);
  return markdownTable(
    ["what", "units", "price", unit],
    [
      ...sorted.map(({ what, units, price }) => [
        what,
        unitsText(units),
        `${priceText(price.dollars)} per ${price.per}`,
        dollarsText(units * price.dollars),
      ]),
      ["**sum**", "", "", `**${dollarsText(dollarsOf(lines))}**`],
    ],
  );
}

/** The parts of a month, in their order, with their sum. */
export function monthTable(parts: readonly MonthPart[]): string {
  const sum = parts.reduce((total, part) => total + part.dollars, 0);
  return markdownTable(
    ["part", "dollars a month"],
    [...parts.map(({ what, dollars }) => [what, dollarsText(dollars)]), ["**sum**", `**${dollarsText(sum)}**`]],
  );
}

/** Every price with its address, and how sure it is. */
export function pricesTable(): string {
  const rows = Object.values<Price>(prices).map(({ dollars, per, page, seen }) => [
    per,
    priceText(dollars),
    page,
    seen === "page" ? "read there" : seen,
  ]);
  return markdownTable(["for each", "dollars", "published at", `on ${pricesCheckedOn}`], rows);
}

/** Whether the design's two targets are kept, in words, with the sums. The way out of AWS and SFTP's own price are told apart: no software changes them. */
export function targetsText(inventory: Inventory, run: CountedRun, shape: WorkShape): string {
  const fixed = dollarsOf(fixedCosts({ ...inventory, sftpEndpoints: 0 }));
  const work = { ...shape, warehouse: "same region", hasSftp: false } as const;
  const withNat = dollarsOf(millionRowsCosts(run, { ...work, hasNat: true }));
  const withoutNat = dollarsOf(millionRowsCosts(run, { ...work, hasNat: false }));
  const { fixedMonthDollars, millionRowsDollars } = targets;
  return [
    `- fixed, without SFTP: ${dollarsText(fixed)} a month; aimed at: under ${dollarsText(fixedMonthDollars)}. ${verdict(fixed < fixedMonthDollars)}`,
    `- a million rows through the NAT gateway: ${dollarsText(withNat)}; aimed at: under ${dollarsText(millionRowsDollars)}. ${verdict(withNat < millionRowsDollars)}`,
    `- a million rows without a NAT gateway: ${dollarsText(withoutNat)}; aimed at: the same. ${verdict(withoutNat < millionRowsDollars)}`,
    `- neither counts SFTP (${dollarsText((run.large.csvBytes / run.large.rows) * 1e-3 * prices.sftpGb.dollars)} for their CSV) nor the way out of AWS (${dollarsText((run.large.counts.bytesToWarehouse / run.large.rows) * 1e-3 * prices.internetOutGb.dollars)}), where rows take them`,
    `- one small upload, from the file to the warehouse: ${dollarsText(dollarsOf(uploadCosts(run, shape)))}`,
    `- keeping a million rows for a month, if nothing were ever deleted: ${dollarsText(keptDollars(run))}`,
  ].join("\n");
}

function verdict(isKept: boolean): string {
  return isKept ? "Kept." : "Missed.";
}

export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [lineOf(titles), `|${titles.map(() => "---").join("|")}|`, ...rows.map(lineOf)].join("\n");
}

function unitsText(units: number): string {
  if (units >= 100) return Math.round(units).toLocaleString("en-US");
  return String(Number(units.toPrecision(3)));
}
