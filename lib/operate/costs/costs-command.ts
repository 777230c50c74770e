import { type Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { newCommand } from "../../local/cli/new-command.ts";
import { explain, type Output } from "../../local/cli/output.ts";
import { pricesCheckedOn } from "../../model/price.ts";
import { billTable, dollarsText, monthTable, targetsText } from "./costs-text.ts";
import type { CountedRun } from "./counts.ts";
import { dollarsOf, fixedCosts } from "./fixed-costs.ts";
import { type CostOptions, expectedInventory } from "./installation-options.ts";
import { monthCosts } from "./month-costs.ts";
import { millionRowsCosts, type WorkShape } from "./row-costs.ts";

/** What the command knows beside its words. */
export interface CostsFacts {
  readonly run: CountedRun;
  readonly sizeOf: WorkShape["sizeOf"];
}

interface CostsFlags {
  readonly rowsPerMonth: number;
  readonly uploadsPerMonth?: number;
  readonly accounts: number;
  readonly natGateways: CostOptions["natGateways"];
  readonly zones: number;
  readonly sftp: "on" | "off";
  readonly auditTrail: "on" | "off";
  readonly architecture: WorkShape["architecture"];
  readonly warehouse: WorkShape["warehouse"];
  readonly json?: true;
}

/** Runs `npm run costs` with its words and answers the exit code. */
export function runCostsCommand(words: readonly string[], facts: CostsFacts, output: Output): number {
  const program = costsProgram(output);
  try {
    program.parse([...words], { from: "user" });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = explain(thrown);
    output.problem(text);
    return exitCode;
  }
  tell(program.opts<CostsFlags>(), facts, output);
  return 0;
}

function costsProgram(output: Output): Command {
  return newCommand("npm run costs --", output)
    .description("What an installation in AWS costs, from counted calls and published prices (us-east-1)")
    .option("--rows-per-month <count>", "rows moved in a month, over all accounts", whole, 10_000_000)
    .option("--uploads-per-month <count>", "uploaded files in a month (default: one a day for each account)", whole)
    .option("--accounts <count>", "accounts with a connected warehouse", whole, 1)
    .addOption(new Option("--nat-gateways <count>", "0, 1 or per-zone").choices(["0", "1", "per-zone"]).default("1"))
    .option("--zones <count>", "availability zones", whole, 2)
    .addOption(new Option("--sftp <on-or-off>", "SFTP endpoint").choices(["on", "off"]).default("on"))
    .addOption(new Option("--audit-trail <on-or-off>", "CloudTrail").choices(["on", "off"]).default("off"))
    .addOption(new Option("--architecture <name>", "processor").choices(["arm64", "x86_64"]).default("arm64"))
    .addOption(
      new Option("--warehouse <place>", "whether rows leave AWS or the region")
        .choices(["same region", "internet"])
        .default("internet"),
    )
    .option("--json", "answer in JSON");
}

const daysPerMonth = 30;

function tell(flags: CostsFlags, { run, sizeOf }: CostsFacts, output: Output): void {
  const options = { ...flags, sftp: flags.sftp === "on", hasOwnVpc: false, auditTrail: flags.auditTrail === "on" };
  const inventory = expectedInventory(options);
  const shape: WorkShape = {
    sizeOf,
    architecture: flags.architecture,
    hasNat: inventory.natGateways > 0,
    hasSftp: options.sftp,
    hasAuditTrail: options.auditTrail,
    warehouse: flags.warehouse,
  };
  const uploads = flags.uploadsPerMonth ?? flags.accounts * daysPerMonth;
  const workload = { accounts: flags.accounts, rows: flags.rowsPerMonth, uploads };
  const fixed = fixedCosts(inventory);
  const rows = millionRowsCosts(run, shape);
  const month = monthCosts(inventory, run, shape, workload);
  if (flags.json === true) {
    output.line(JSON.stringify({ fixed, rows, month, workload }, null, 2));
    return;
  }
  output.line(
    [
      `Fixed, by the month (${dollarsText(dollarsOf(fixed) * 12)} a year):\n`,
      billTable(fixed, "a month"),
      `\nA million rows, from the file to the warehouse (counted on ${run.countedOn}, ${run.large.rows.toLocaleString("en-US")} rows in ${run.large.uploads} files):\n`,
      billTable(rows, "a million rows"),
      `\nA month of ${count(workload.rows)} rows in ${count(uploads)} uploads of ${count(workload.accounts)} accounts:\n`,
      monthTable(month),
      "\nThe design's targets:\n",
      targetsText(inventory, run, shape),
      `\nPrices of us-east-1 on ${pricesCheckedOn}, without the free tier; docs/costs.md names the page of each.`,
    ].join("\n"),
  );
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("give a whole number from 0");
  return value;
}
