import type { CellKind, ColumnPlan, PlannedColumn } from "../../model/column-plan.ts";
import type { ErrorCode } from "../../model/error-codes.ts";
import { identifierKinds } from "../../model/intake.ts";
import { eventAheadYearsMax, eventAtMin } from "../../model/limits.ts";
import { type Instant, isoOf } from "../../model/time.ts";
import { instantSql } from "./instant-macros.ts";
import { type JsonColumn, jsonColumns, memberValues, objectSql } from "./json-sql.ts";

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
 * Layers over the cells `c0`, `c1`… of a row: what they say; then what that is read as, `n0`, `n1`… for those that have
 * a form, `n_unique`, and `v0`, `v1`… for members of JSON columns; then those columns, `j_properties` and its like.
 * Layers, since a macro writes its argument out many times, and DuckDB would work it out each time.
 */
export function readCells(plan: ColumnPlan, from: string): string {
  const formed = plan.columns.filter(({ kind }) => refusals[kind] !== undefined);
  const said = formed.map(({ index, kind }) => `${tidied.includes(kind) ? "tidy" : "said"}(c${index}) AS t${index}`);
  const jsons = jsonColumns(plan);
  const read = [
    ...formed.map(({ index, kind }) => `${formSql(`t${index}`, kind, plan)} AS n${index}`),
    ...memberValues(jsons),
  ];
  if (plan.uniqueIdIndexes.length > 0) {
    said.push(`${plan.uniqueIdIndexes.map((index) => `said(c${index})`).join(" || '_' || ")} AS t_unique`);
    read.push("as_id(t_unique) AS n_unique");
  }
  const objects = jsons.map((column) => `${objectSql(column)} AS j_${column.name}`);
  const layer = (more: readonly string[], below: string) => `SELECT ${["*", ...more].join(", ")} FROM ${below}`;
  return layer(objects, `(${layer(read, `(${layer(said, from)})`)})`);
}

function formSql(cell: string, kind: CellKind, plan: ColumnPlan): string {
  return kind === "instant" ? instantSql(cell, plan) : `${readers[kind]}(${cell})`;
}

/** Every check of a row, in the order in which they decide. */
export function rowChecks(plan: ColumnPlan, uploadedAt: Instant): readonly RowCheck[] {
  return [
    ...plan.columns.flatMap((column) => cellChecks(column, plan, uploadedAt)),
    ...(plan.uniqueIdIndexes.length === 0
      ? []
      : [{ code: "ID_TOO_LONG", index: null, sql: "n_unique IS NULL AND t_unique IS NOT NULL" } as const]),
    ...objectChecks(jsonColumns(plan)),
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
  if (kind === "json") return [check("INVALID_JSON", brokenJson(column))];
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

/** A cell that must be JSON, and an object where it is a whole column, and is not. */
function brokenJson({ index, path }: PlannedColumn): string {
  const cell = `c${index}`;
  const isObject = path.length === 0 ? ` AND starts_with(trim(${cell}), '{')` : "";
  return `${cell} <> '\\N' AND NOT (is_json(${cell})${isObject})`;
}

/** What can only be said of a finished object. Its cells were checked before, so it is JSON. */
function objectChecks(columns: readonly JsonColumn[]): readonly RowCheck[] {
  const guessed = columns.filter(
    ({ whole, members }) => whole !== undefined || members.some(({ kind }) => kind !== "text"),
  );
  return guessed.flatMap(({ name, whole }) => {
    // Names of columns differ, so a flat object of cells has nothing to look for.
    const suspect = whole === undefined ? `has_inner(j_${name})` : `j_${name} IS NOT NULL`;
    const onlyThen = (sql: string) => `CASE WHEN ${suspect} THEN ${sql} ELSE false END`;
    return [
      { code: "JSON_TOO_DEEP", index: null, sql: onlyThen(`is_too_deep(j_${name})`) } as const,
      { code: "INVALID_JSON", index: null, sql: onlyThen(`json_has_twins(j_${name})`) } as const,
    ];
  });
}
