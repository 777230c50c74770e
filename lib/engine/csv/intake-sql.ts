import type { ColumnPlan, PlannedColumn } from "../../model/column-plan.ts";
import {
  eventIntakeColumns,
  profileIntakeColumns,
  profileJsonColumns,
  profileTextColumns,
} from "../../model/intake.ts";
import { sqlText } from "../engine.ts";
import { isMember } from "./row-sql.ts";

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
      if (jsons.includes(name)) return `${patchSql(plan, name) ?? "NULL"}::VARCHAR AS ${name}`;
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
      if (name === "event_properties") return `coalesce(${patchSql(plan, name) ?? "NULL"}, '{}')::VARCHAR AS ${name}`;
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

type Members = Map<string, PlannedColumn | Members>;

/** A JSON object out of the cells of one JSON column; null when all are absent. Undefined when no cell belongs to it. */
function patchSql(plan: ColumnPlan, column: string): string | undefined {
  const columns = plan.columns.filter((candidate) => candidate.column === column);
  const whole = columns.find(({ path }) => path.length === 0);
  const members: Members = new Map();
  for (const member of columns) if (isMember(member)) addMember(members, member);
  if (whole === undefined) return members.size === 0 ? undefined : objectSql(members);
  // The inside of an object that is there as a whole, comma first like every member.
  const cell = `trim(c${whole.index})`;
  const inside = `nullif(trim(substr(${cell}, 2, length(${cell}) - 2)), '')`;
  return bracesSql(
    [`CASE WHEN ${cell} <> '\\N' THEN ',' || ${inside} END`, ...memberArguments(members)],
    [`nullif(${cell}, '\\N')`, ...valuesOf(members)],
  );
}

function addMember(members: Members, column: PlannedColumn): void {
  let place = members;
  for (const name of column.path.slice(0, -1)) {
    const next = place.get(name);
    const inner: Members = next instanceof Map ? next : new Map();
    place.set(name, inner);
    place = inner;
  }
  place.set(column.path.at(-1) ?? "", column);
}

function objectSql(members: Members): string {
  return bracesSql(memberArguments(members), valuesOf(members));
}

/**
 * Written as text by one call, keys as constants of their own: no JSON is built or parsed, and each byte is copied
 * twice. Every member brings a comma, and the first comma is cut off.
 */
function bracesSql(members: readonly string[], values: readonly string[]): string {
  return `CASE WHEN coalesce(${values.join(", ")}) IS NOT NULL THEN concat('{', substr(concat(${members.join(", ")}), 2), '}') END`;
}

function memberArguments(members: Members): string[] {
  return [...members].flatMap(([name, member]) => {
    const value = member instanceof Map ? objectSql(member) : `v${member.index}`;
    const isThere = `coalesce(${member instanceof Map ? valuesOf(member).join(", ") : value}) IS NOT NULL`;
    return [`CASE WHEN ${isThere} THEN ${sqlText(`,${JSON.stringify(name)}:`)} END`, value];
  });
}

/** Of every member, however deep: the object is there when one of them is. */
function valuesOf(members: Members): string[] {
  return [...members.values()].flatMap((member) => (member instanceof Map ? valuesOf(member) : [`v${member.index}`]));
}
