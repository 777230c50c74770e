import type { ColumnPlan } from "../../model/column-plan.ts";
import {
  eventIntakeColumns,
  profileIntakeColumns,
  profileJsonColumns,
  profileTextColumns,
} from "../../model/intake.ts";
import { sqlText } from "../engine.ts";

/** Whether an event file brings columns of profiles too. */
export function bringsProfiles(plan: ColumnPlan): boolean {
  return plan.object === "profiles" || plan.columns.some(({ of }) => of === "profile");
}

/** The columns of a profile intake file, from rows of `readCells`. */
export function profileSelect(plan: ColumnPlan): string {
  const texts: readonly string[] = profileTextColumns;
  const jsons: readonly string[] = profileJsonColumns;
  return profileIntakeColumns
    .map(([name, type]) => {
      if (name === "cleared") return `${clearedSql(plan)} AS cleared`;
      if (jsons.includes(name)) return `${hasColumn(plan, name) ? `j_${name}` : "NULL"}::VARCHAR AS ${name}`;
      const column = plan.columns.find((candidate) => candidate.column === name);
      if (column === undefined) return `NULL::${type} AS ${name}`;
      return texts.includes(name) ? `nullif(c${column.index}, '\\N') AS ${name}` : `n${column.index} AS ${name}`;
    })
    .join(", ");
}

/** The columns of an event intake file, from rows of `readCells`. */
export function eventSelect(plan: ColumnPlan): string {
  return eventIntakeColumns
    .map(([name, type]) => {
      if (name === "event_properties")
        return `coalesce(${hasColumn(plan, name) ? `j_${name}` : "NULL"}, '{}')::VARCHAR AS ${name}`;
      return `${eventCellSql(plan, name) ?? "NULL"}::${type} AS ${name}`;
    })
    .join(", ");
}

function eventCellSql(plan: ColumnPlan, name: string): string | undefined {
  if (name === "unique_id" && plan.uniqueIdIndexes.length > 0) return "n_unique";
  const column = plan.columns.find((candidate) => candidate.of === "event" && candidate.column === name);
  const constant = name === "metric_name" ? plan.metricName : name === "integration_name" ? plan.integrationName : null;
  const cell =
    column === undefined ? undefined : column.kind === "text" ? `said(c${column.index})` : `n${column.index}`;
  if (cell === undefined || constant === null) return cell ?? (constant === null ? undefined : sqlText(constant));
  return `coalesce(${cell}, ${sqlText(constant)})`;
}

/** The plain columns that `\N` clears; null where there are none. */
function clearedSql(plan: ColumnPlan): string {
  const texts: readonly string[] = profileTextColumns;
  const clearable = plan.columns.filter(({ of, column }) => of === "profile" && texts.includes(column));
  if (clearable.length === 0) return "NULL::VARCHAR[]";
  const names = clearable.map(({ index, column }) => `CASE WHEN c${index} = '\\N' THEN '${column}' END`);
  const isAny = clearable.map(({ index }) => `c${index} = '\\N'`).join(" OR ");
  return `CASE WHEN ${isAny} THEN list_filter([${names.join(", ")}], lambda name: name IS NOT NULL) END`;
}

function hasColumn(plan: ColumnPlan, name: string): boolean {
  return plan.columns.some(({ column }) => column === name);
}
