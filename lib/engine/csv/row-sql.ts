import type { CellKind, ColumnPlan, PlannedColumn } from "../../model/column-plan.ts";
import type { ErrorCode } from "../../model/error-codes.ts";
import { identifierKinds } from "../../model/intake.ts";
import { eventAheadYearsMax, eventAtMin, jsonLevelsMax } from "../../model/limits.ts";
import { type Instant, isoOf } from "../../model/time.ts";
import { instantSql } from "./instant-macros.ts";

/** A reason to set a row aside. The first that holds is the row's verdict. */
export interface RowCheck {
  readonly code: ErrorCode;
  /** The cell it speaks of; null when it is the row as a whole. */
  readonly index: number | null;
  readonly sql: string;
}

const readers: Partial<Record<CellKind, string>> = {
  email: "as_email",
  phone: "as_phone",
  id: "as_id",
  metric: "as_metric",
  decimal: "as_decimal",
  currency: "as_currency",
};

const refusals: Partial<Record<CellKind, ErrorCode>> = {
  email: "INVALID_EMAIL",
  phone: "INVALID_PHONE",
  id: "ID_TOO_LONG",
  metric: "METRIC_INVALID",
  instant: "INVALID_DATE",
  decimal: "INVALID_NUMBER",
  currency: "CURRENCY_INVALID",
};

/** Forms whose cells count without the blanks around them; an id is its every character. */
const tidied: readonly CellKind[] = ["email", "phone", "metric", "instant", "decimal", "currency"];

/**
 * Two layers over the cells `c0`, `c1`… of a row: first what they say, then what that is read as: `n0`, `n1`… for those
 * that have a form, `n_unique`, and `v0`, `v1`… for members of JSON columns. Layers, since a macro writes its argument
 * out many times, and DuckDB would work it out each time.
 */
export function readCells(plan: ColumnPlan, from: string): string {
  const formed = plan.columns.filter(({ kind }) => refusals[kind] !== undefined);
  const said = formed.map(({ index, kind }) => `${tidied.includes(kind) ? "tidy" : "said"}(c${index}) AS t${index}`);
  const read = [
    ...formed.map(({ index, kind }) => `${formSql(`t${index}`, kind, plan)} AS n${index}`),
    ...plan.columns.filter(isMember).map((column) => `${memberValue(column)} AS v${column.index}`),
  ];
  if (plan.uniqueIdIndexes.length > 0) {
    said.push(`${plan.uniqueIdIndexes.map((index) => `said(c${index})`).join(" || '_' || ")} AS t_unique`);
    read.push("as_id(t_unique) AS n_unique");
  }
  return `SELECT ${["*", ...read].join(", ")} FROM (SELECT ${["*", ...said].join(", ")} FROM ${from})`;
}

function formSql(cell: string, kind: CellKind, plan: ColumnPlan): string {
  return kind === "instant" ? instantSql(cell, plan) : `${readers[kind]}(${cell})`;
}

/** Whether a column becomes a member of a JSON object. */
export function isMember({ path }: PlannedColumn): boolean {
  return path.length > 0;
}

/** JSON text; null where the cell is absent. */
function memberValue({ index, kind, of }: PlannedColumn): string {
  const cell = `c${index}`;
  if (kind === "json")
    return of === "event" ? `nullif(${cell}, '\\N')` : `CASE WHEN ${cell} = '\\N' THEN 'null' ELSE ${cell} END`;
  return `json_${kind}${of === "event" ? "_event" : ""}(${cell})`;
}

/** Every check of a row, in the order in which they decide. */
export function rowChecks(plan: ColumnPlan, uploadedAt: Instant): readonly RowCheck[] {
  return [
    ...plan.columns.flatMap((column) => cellChecks(column, plan, uploadedAt)),
    ...(plan.uniqueIdIndexes.length === 0
      ? []
      : [{ code: "ID_TOO_LONG", index: null, sql: "n_unique IS NULL AND t_unique IS NOT NULL" } as const]),
    { code: "ROW_IDENTIFIER_MISSING", index: null, sql: `coalesce(${identifiers(plan).join(", ")}) IS NULL` },
  ];
}

function identifiers(plan: ColumnPlan): string[] {
  const found = plan.columns.filter(({ column }) => (identifierKinds as readonly string[]).includes(column));
  return found.map(({ index }) => `n${index}`);
}

function cellChecks(column: PlannedColumn, plan: ColumnPlan, uploadedAt: Instant): readonly RowCheck[] {
  const { index, kind } = column;
  const check = (code: ErrorCode, sql: string): RowCheck => ({ code, index, sql });
  if (kind === "typed") {
    const levels = jsonLevelsMax - column.path.length;
    return [
      check(
        "JSON_TOO_DEEP",
        `strlen(c${index}) > ${2 * levels} AND opens_brackets(c${index}) AND json_valid(c${index}) AND json_deeper_than_${levels}(c${index})`,
      ),
    ];
  }
  if (kind === "json") return jsonChecks(column);
  const code = refusals[kind];
  if (code === undefined) return [];
  const isRequired = column.column === "event_at" || (column.column === "metric_name" && plan.metricName === null);
  const refused = isRequired ? `n${index} IS NULL` : `n${index} IS NULL AND t${index} IS NOT NULL`;
  if (kind !== "instant") return [check(code, refused)];
  const latest = new Date(uploadedAt);
  latest.setUTCFullYear(latest.getUTCFullYear() + eventAheadYearsMax);
  const window = `TIMESTAMP '${eventAtMin}' AND TIMESTAMP '${isoOf(latest.getTime() as Instant).slice(0, 23)}'`;
  return [check(code, `${refused} OR n${index} NOT BETWEEN ${window}`)];
}

function jsonChecks({ index, path }: PlannedColumn): readonly RowCheck[] {
  const cell = `c${index}`;
  const isGiven = `${cell} IS NOT NULL AND ${cell} <> '\\N'`;
  const levels = jsonLevelsMax - path.length;
  const form = path.length === 0 ? ` AND starts_with(trim(${cell}), '{')` : "";
  return [
    { code: "INVALID_JSON", index, sql: `${isGiven} AND NOT (is_json(${cell})${form})` },
    { code: "JSON_TOO_DEEP", index, sql: `${isGiven} AND json_deeper_than_${levels}(${cell})` },
  ];
}
