import { SyncError } from "./errors.ts";
import { identifierKinds } from "./intake.ts";
import { jsonLevelsMax } from "./limits.ts";
import type { DataObject } from "./log.ts";
import { eventFields, type FolderMapping, locationFields, profileFields } from "./mapping.ts";
import { recognisedTarget } from "./mapping-headers.ts";

/** How a cell is read: `typed` guesses (number, boolean, JSON, else text), the others hold to one form. */
export type CellKind =
  | "email"
  | "phone"
  | "id"
  | "metric"
  | "instant"
  | "decimal"
  | "currency"
  | "text"
  | "typed"
  | "json";

/** What becomes of one column of the file. */
export interface PlannedColumn {
  /** Its place in the file, from 0. */
  readonly index: number;
  readonly header: string;
  /** Whose row it fills. An event file may also bring columns of the profile. */
  readonly of: "profile" | "event";
  /** The column of the intake file. */
  readonly column: string;
  /** Where in that JSON column it lies; empty for a plain column, and for a whole JSON object. */
  readonly path: readonly string[];
  readonly kind: CellKind;
}

/** How every row of one file is read. */
export interface ColumnPlan {
  readonly object: DataObject;
  readonly headers: readonly string[];
  readonly columns: readonly PlannedColumn[];
  readonly uniqueIdIndexes: readonly number[];
  readonly metricName: string | null;
  readonly integrationName: string | null;
  readonly timeZone: string;
  readonly dateFormat: string | null;
}

type Place = Pick<PlannedColumn, "of" | "column" | "path" | "kind">;

/** Decides what each column means. Throws the code that says what the header or the mapping lacks. */
export function planColumns(object: DataObject, rawHeaders: readonly string[], mapping: FolderMapping): ColumnPlan {
  const headers = rawHeaders.map(cleanHeader);
  refuseBadHeaders(headers);
  const targets = targetsOf(object, headers, mapping);
  const columns = headers.flatMap((header, index) => {
    const place = placeOf(object, targets[index] ?? "ignore", header);
    return place === undefined ? [] : [{ index, header, ...place }];
  });
  refuseClashes(columns);
  const plan: ColumnPlan = {
    object,
    headers,
    columns,
    uniqueIdIndexes: (mapping.uniqueIdColumns ?? []).map((name) => indexOfHeader(headers, name)),
    metricName: mapping.metricName ?? null,
    integrationName: mapping.integrationName ?? null,
    timeZone: mapping.timeZone,
    dateFormat: mapping.dateFormat ?? null,
  };
  refuseLacking(plan);
  return plan;
}

/** Where a target puts a cell; undefined for `ignore` and for targets that this folder does not have. */
export function placeOf(object: DataObject, target: string, header: string): Place | undefined {
  if (target.startsWith("person:")) return personPlace(object, target.slice("person:".length), header);
  if (object === "profiles") return profilePlace(target, header);
  if ((identifierKinds as readonly string[]).includes(target)) return plain("event", target);
  if ((eventFields as readonly string[]).includes(target)) return plain("event", target);
  if (target === "event_properties") return { of: "event", column: target, path: [], kind: "json" };
  return propertyPlace("event", "event_properties", target, header);
}

function personPlace(object: DataObject, target: string, header: string): Place | undefined {
  const place = profilePlace(target, header);
  if (object === "events" && place !== undefined && (identifierKinds as readonly string[]).includes(place.column)) {
    return plain("event", place.column);
  }
  return place;
}

function profilePlace(target: string, header: string): Place | undefined {
  if ((profileFields as readonly string[]).includes(target)) return plain("profile", target);
  if (target === "properties") return { of: "profile", column: target, path: [], kind: "json" };
  const [column = "", ...path] = target.split(".");
  if (column === "subscriptions" && path.length > 0) return { of: "profile", column, path, kind: "text" };
  const [member = ""] = path;
  if (column === "location" && (locationFields as readonly string[]).includes(member)) {
    const kind = member === "latitude" || member === "longitude" ? "typed" : "text";
    return { of: "profile", column, path, kind };
  }
  return propertyPlace("profile", "properties", target, header);
}

/** `a___b` is the member `b` of the object `a`, as in Klaviyo's warehouse import. */
function propertyPlace(of: "profile" | "event", column: string, target: string, header: string): Place | undefined {
  const [, how, name] = /^(property|text|json)(?::(.+))?$/.exec(target) ?? [];
  if (how === undefined) return undefined;
  const parts = (name ?? header).split("___");
  const path = parts.includes("") || parts.length >= jsonLevelsMax ? [name ?? header] : parts;
  return { of, column, path, kind: how === "property" ? "typed" : how === "text" ? "text" : "json" };
}

const kinds: Record<string, CellKind> = {
  email: "email",
  phone_number: "phone",
  external_id: "id",
  unique_id: "id",
  metric_name: "metric",
  event_at: "instant",
  value: "decimal",
  value_currency: "currency",
};

function plain(of: "profile" | "event", column: string): Place {
  return { of, column, path: [], kind: kinds[column] ?? "text" };
}

function targetsOf(object: DataObject, headers: readonly string[], mapping: FolderMapping): readonly string[] {
  const mapped = new Map<number, string>();
  for (const [name, target] of Object.entries(mapping.columns)) {
    const index = indexOfHeader(headers, name, target === "ignore");
    if (index >= 0) mapped.set(index, target);
  }
  const taken = new Set(mapped.values());
  if (mapping.uniqueIdColumns !== undefined) taken.add("unique_id");
  return headers.map((header, index) => {
    const recognised = recognisedTarget(object, header);
    const free = recognised !== undefined && !taken.has(recognised) ? recognised : undefined;
    return mapped.get(index) ?? free ?? "property";
  });
}

function indexOfHeader(headers: readonly string[], name: string, isOptional = false): number {
  const wanted = cleanHeader(name);
  const exact = headers.indexOf(wanted);
  const index = exact >= 0 ? exact : headers.findIndex((header) => foldHeader(header) === foldHeader(wanted));
  if (index < 0 && !isOptional) {
    throw new SyncError("HEADER_UNKNOWN", {
      message: `the mapping names the column "${name}", which is not in the file`,
    });
  }
  return index;
}

function cleanHeader(header: string): string {
  return header.trim().normalize("NFC");
}

function foldHeader(header: string): string {
  return header.toLowerCase();
}

function refuseBadHeaders(headers: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const [index, header] of headers.entries()) {
    if (header === "") throw new SyncError("EMPTY_HEADER", { message: `column ${index + 1} has no name` });
    const twin = seen.get(foldHeader(header));
    if (twin !== undefined) {
      throw new SyncError("DUPLICATE_HEADER", { message: `the columns "${twin}" and "${header}" have the same name` });
    }
    seen.set(foldHeader(header), header);
  }
}

/** Two columns may not fill one field, nor one a member of what the other fills as a whole. */
function refuseClashes(columns: readonly PlannedColumn[]): void {
  const fills = new Map<string, string>();
  const place = ({ of, column, path }: PlannedColumn) => JSON.stringify([of, column, ...path]);
  for (const column of columns) {
    const other = fills.get(place(column));
    if (other !== undefined) throw clash(other, column.header);
    fills.set(place(column), column.header);
  }
  for (const column of columns) {
    for (let depth = 1; depth < column.path.length; depth += 1) {
      const parent = fills.get(place({ ...column, path: column.path.slice(0, depth) }));
      if (parent !== undefined) throw clash(parent, column.header);
    }
  }
}

function clash(first: string, second: string): SyncError {
  return new SyncError("DUPLICATE_HEADER", {
    message: `the columns "${first}" and "${second}" fill the same field; save a mapping that says which`,
  });
}

function refuseLacking({ object, columns, metricName }: ColumnPlan): void {
  const fills = (name: string) => columns.some(({ column }) => column === name);
  if (!identifierKinds.some(fills)) throw new SyncError("IDENTIFIER_MISSING");
  if (object === "profiles") return;
  if (!fills("event_at")) throw new SyncError("TIME_MISSING");
  if (!fills("metric_name") && metricName === null) throw new SyncError("METRIC_MISSING");
}
