import type { ColumnPlan, PlannedColumn } from "../../model/column-plan.ts";
import { sqlText } from "../engine.ts";

/** Objects with more members are written by way of a list: twice the work per cell, but memory that does not grow with the columns. */
const membersInColumnsMax = 32;

/** A JSON column of an intake file, and the cells that it is made of. */
export interface JsonColumn {
  readonly name: string;
  /** The cell that is a whole object; undefined where there is none. */
  readonly whole: PlannedColumn | undefined;
  readonly members: readonly PlannedColumn[];
}

/** The JSON columns that the file has cells for. */
export function jsonColumns(plan: ColumnPlan): readonly JsonColumn[] {
  const names = ["location", "properties", "subscriptions", "event_properties"];
  return names
    .map((name) => ({ name, columns: plan.columns.filter((column) => column.column === name) }))
    .filter(({ columns }) => columns.length > 0)
    .map(({ name, columns }) => ({
      name,
      whole: columns.find(({ path }) => path.length === 0),
      members: columns.filter(({ path }) => path.length > 0),
    }));
}

/** Cells that are read one by one, as `v0`, `v1`…; those of wide objects are not. */
export function memberValues(columns: readonly JsonColumn[]): readonly string[] {
  const narrow = columns.filter((column) => !isWide(column));
  return narrow.flatMap(({ members }) =>
    members.map((member) => `${readerOf(member)}(c${member.index}) AS v${member.index}`),
  );
}

/** The text of the object; null when all its cells are absent. */
export function objectSql(column: JsonColumn): string {
  const wholeSql = column.whole === undefined ? [] : [insideOf(column.whole)];
  if (isWide(column)) return wideSql(column, wholeSql);
  const members: Members = new Map();
  for (const member of column.members) addMember(members, member);
  const values = valuesOf(members);
  if (column.whole === undefined) {
    const isFull = values.map((value) => `${value} IS NOT NULL`).join(" AND ");
    const some = bracesSql(memberArguments(members), values);
    return `CASE WHEN ${isFull} THEN concat(${fullArguments(members).join(", ")}) ELSE ${some} END`;
  }
  const parts = [...wholeSql.map((inside) => `',' || ${inside}`), ...memberArguments(members)];
  return bracesSql(parts, [`nullif(c${column.whole.index}, '\\N')`, ...values]);
}

/** Of an object that lacks none of its members: most rows are full, and of those each byte is copied once. */
function fullArguments(members: Members): string[] {
  const pairs = [...members].flatMap(([name, member], index) => [
    sqlText(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    ...(member instanceof Map ? fullArguments(member) : [`v${member.index}`]),
  ]);
  return [...pairs, "'}'"];
}

function isWide({ members }: JsonColumn): boolean {
  return members.length > membersInColumnsMax;
}

function readerOf({ kind, of }: PlannedColumn): string {
  return `json_${kind}${of === "event" ? "_event" : ""}`;
}

/** What stands between the braces of an object that is there as a whole. */
function insideOf({ index }: PlannedColumn): string {
  const cell = `trim(c${index})`;
  return `CASE WHEN ${cell} <> '\\N' THEN nullif(trim(substr(${cell}, 2, length(${cell}) - 2)), '') END`;
}

type Members = Map<string, PlannedColumn | Members>;

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

/**
 * Written as text by one call, keys as constants of their own: no JSON is built or parsed, and each byte is copied
 * twice. Every member brings a comma, and the first comma is cut off.
 */
function bracesSql(members: readonly string[], values: readonly string[]): string {
  return `CASE WHEN coalesce(${values.join(", ")}) IS NOT NULL THEN concat('{', substr(concat(${members.join(", ")}), 2), '}') END`;
}

function memberArguments(members: Members): string[] {
  return [...members].flatMap(([name, member]) => {
    const isObject = member instanceof Map;
    const value = isObject ? bracesSql(memberArguments(member), valuesOf(member)) : `v${member.index}`;
    const isThere = isObject ? `coalesce(${valuesOf(member).join(", ")})` : value;
    return [`CASE WHEN ${isThere} IS NOT NULL THEN ${sqlText(`,${JSON.stringify(name)}:`)} END`, value];
  });
}

/** Of every member, however deep: the object is there when one of them is. */
function valuesOf(members: Members): string[] {
  return [...members.values()].flatMap((member) => (member instanceof Map ? valuesOf(member) : [`v${member.index}`]));
}

/** Of many members: lists by kind, whose functions are there once, however many cells they read. */
function wideSql({ members }: JsonColumn, wholeSql: readonly string[]): string {
  const parents = new Map<string, PlannedColumn[]>();
  for (const member of members) {
    const parent = JSON.stringify(member.path.slice(0, -1));
    parents.set(parent, [...(parents.get(parent) ?? []), member]);
  }
  return wideObject([], parents, wholeSql);
}

function wideObject(
  path: readonly string[],
  parents: ReadonlyMap<string, PlannedColumn[]>,
  more: readonly string[],
): string {
  const own = parents.get(JSON.stringify(path)) ?? [];
  const byReader = Map.groupBy(own, readerOf);
  const lists = [...byReader].map(([reader, columns]) => {
    const cells = columns.map(({ index }) => `c${index}`).join(", ");
    const keys = columns.map(({ path: names }) => sqlText(`${JSON.stringify(names.at(-1))}:`)).join(", ");
    return `list_transform(list_zip([${keys}], [${cells}]), lambda p: p[1] || ${reader}(p[2]))`;
  });
  const inner = childNames(path, parents).map((name) => {
    const object = wideObject([...path, name], parents, []);
    return `${sqlText(`${JSON.stringify(name)}:`)} || (${object})`;
  });
  const rest = [...more, ...inner];
  const all = [...lists, ...(rest.length === 0 ? [] : [`[${rest.join(", ")}]`])];
  return `'{' || nullif(array_to_string(${all.reduce((first, second) => `list_concat(${first}, ${second})`)}, ','), '') || '}'`;
}

function childNames(path: readonly string[], parents: ReadonlyMap<string, unknown>): readonly string[] {
  const names = [...parents.keys()]
    .map((parent) => JSON.parse(parent) as string[])
    .filter((parent) => parent.length > path.length && path.every((name, index) => parent[index] === name))
    .map((parent) => parent[path.length] ?? "");
  return [...new Set(names)];
}
