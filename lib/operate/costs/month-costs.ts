import type { CountedRun } from "./counts.ts";
import { dollarsOf, fixedCosts } from "./fixed-costs.ts";
import type { Inventory } from "./inventory.ts";
import { monthHours, prices } from "./prices.ts";
import { millionRowsCosts, uploadCosts, type WorkShape, workCosts } from "./row-costs.ts";

/** How much an installation has to do in a month. */
export interface Workload {
  readonly accounts: number;
  readonly rows: number;
  readonly uploads: number;
}

/** A part of the month's bill. */
export interface MonthPart {
  readonly what: string;
  readonly dollars: number;
}

const sweepsPerHour = 4;

/**
 * What a month costs: existing, looking after accounts that have nothing new, uploads, rows, and keeping the rows.
 * Every upload is taken to be small and every row to cost what a row of a big file costs, so the sum errs upwards.
 */
export function monthCosts(
  inventory: Inventory,
  run: CountedRun,
  shape: WorkShape,
  workload: Workload,
): readonly MonthPart[] {
  const idle = dollarsOf(workCosts(run.idleHour, 0, 0, shape)) * monthHours * workload.accounts;
  const sweeps = dollarsOf(workCosts(run.sweep, 0, 0, shape)) * monthHours * sweepsPerHour;
  return [
    { what: "existing (fixed)", dollars: dollarsOf(fixedCosts(inventory)) },
    { what: "sweeps", dollars: sweeps },
    { what: "hourly look at every account", dollars: idle },
    { what: "secrets of connected warehouses", dollars: workload.accounts * prices.secretMonth.dollars },
    { what: "uploads", dollars: workload.uploads * dollarsOf(uploadCosts(run, shape)) },
    { what: "rows", dollars: (workload.rows / 1e6) * dollarsOf(millionRowsCosts(run, shape)) },
    { what: "keeping these rows, each month from now", dollars: (workload.rows / 1e6) * keptDollars(run) },
  ];
}

/** S3 for a million rows and a month, were everything kept that was ever written for them. */
export function keptDollars(run: CountedRun): number {
  return ((run.large.counts.bytesKept / run.large.rows) * 1e6 * prices.s3GbMonth.dollars) / 1e9;
}

/** What the design aims at. */
export const targets = { fixedMonthDollars: 50, millionRowsDollars: 0.02 } as const;
