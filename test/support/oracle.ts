import { createHash } from "node:crypto";

/** One accepted row, as a person would write it down. Absent fields are null in the intake files. */
export interface OracleRow {
  readonly external_id?: string;
  readonly email?: string;
  readonly phone_number?: string;
  /** Of a row in a profile import, or beside an event. */
  readonly patch?: {
    readonly texts?: Readonly<Record<string, string>>;
    readonly json?: Readonly<Record<string, JsonObject>>;
    readonly cleared?: readonly string[];
  };
  /** Of a row in an event import. */
  readonly event?: {
    readonly unique_id?: string;
    readonly metric_name: string;
    readonly integration_name?: string;
    readonly atMs: number;
    readonly value?: string;
    readonly value_currency?: string;
    readonly properties?: string;
  };
}

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** One accepted import. */
export interface OracleEntry {
  readonly acceptedAt: number;
  readonly rows: readonly OracleRow[];
}

const kinds = ["external_id", "email", "phone_number"] as const;
type Kind = (typeof kinds)[number];

interface Profile {
  readonly id: string;
  readonly identifiers: Record<Kind, string | null>;
  readonly texts: Record<string, string | null>;
  readonly json: Record<string, JsonObject | null>;
  readonly createdAt: number;
  updatedAt: number;
  lastEventAt: number | null;
}

/** How the rows of one entry turned out. */
export interface OracleCount {
  new: number;
  changed: number;
  present: number;
}

/**
 * What consolidation promises, row by row and without any engine: the measure for every test. It knows no entries'
 * borders but for the ordinals of equal rows, and no consolidations at all.
 */
export class Oracle {
  readonly profiles = new Map<string, Profile>();
  readonly events = new Map<string, Readonly<Record<string, unknown>>>();
  readonly metrics = new Map<string, Readonly<Record<string, unknown>>>();
  readonly counts: OracleCount[] = [];
  readonly #holders = new Map<string, Profile>();
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  accept(entry: OracleEntry): void {
    const seq = this.counts.length + 1;
    const count: OracleCount = { new: 0, changed: 0, present: 0 };
    this.counts.push(count);
    const ordinals = new Map<string, number>();
    for (const [number, row] of entry.rows.entries()) {
      const { profile, isNew, isMoved } = this.#resolve(row, entry.acceptedAt, seq, number);
      const isPatched = row.patch !== undefined && this.#patch(profile, row.patch, entry.acceptedAt);
      const isNewEvent = row.event !== undefined && this.#happen(profile, row, entry.acceptedAt, ordinals);
      if (row.event !== undefined) count[isNewEvent ? "new" : "present"] += 1;
      else count[isNew ? "new" : isMoved || isPatched ? "changed" : "present"] += 1;
    }
  }

  #resolve(row: OracleRow, at: number, seq: number, number: number) {
    const given = kinds.flatMap((kind) => (row[kind] === undefined ? [] : [[kind, row[kind]] as const]));
    const known = given
      .map(([kind, value]) => this.#holders.get(`${kind} ${value}`))
      .find((found) => found !== undefined);
    const profile = known ?? this.#create(md5(`${this.#accountId}|${seq}|${number}`), at);
    let isMoved = false;
    for (const [kind, value] of given) {
      const holder = this.#holders.get(`${kind} ${value}`);
      if (holder === profile) continue;
      if (holder !== undefined) {
        holder.identifiers[kind] = null;
        holder.updatedAt = at;
      }
      this.#holders.delete(`${kind} ${profile.identifiers[kind]}`);
      this.#holders.set(`${kind} ${value}`, profile);
      profile.identifiers[kind] = value;
      profile.updatedAt = at;
      isMoved = true;
    }
    return { profile, isNew: known === undefined, isMoved };
  }

  #create(id: string, at: number): Profile {
    const identifiers = { external_id: null, email: null, phone_number: null };
    const profile: Profile = { id, identifiers, texts: {}, json: {}, createdAt: at, updatedAt: at, lastEventAt: null };
    this.profiles.set(id, profile);
    return profile;
  }

  #patch(profile: Profile, patch: NonNullable<OracleRow["patch"]>, at: number): boolean {
    const before = canonical({ ...profile.texts, ...profile.json });
    for (const [column, value] of Object.entries(patch.texts ?? {})) profile.texts[column] = value;
    for (const column of patch.cleared ?? []) {
      if (patch.texts?.[column] === undefined) profile.texts[column] = null;
    }
    for (const [column, members] of Object.entries(patch.json ?? {})) {
      const merged = mergePatch(profile.json[column] ?? {}, members) as JsonObject;
      profile.json[column] = Object.keys(merged).length === 0 ? null : merged;
    }
    const isChanged = canonical({ ...profile.texts, ...profile.json }) !== before;
    if (isChanged) profile.updatedAt = at;
    return isChanged;
  }

  #happen(profile: Profile, row: OracleRow, at: number, ordinals: Map<string, number>): boolean {
    const event = row.event;
    if (event === undefined) return false;
    const metricId = md5(joined(["metric", this.#accountId, event.integration_name, event.metric_name]));
    const integrationId =
      event.integration_name === undefined
        ? null
        : md5(joined(["integration", this.#accountId, event.integration_name]));
    const metric = { id: metricId, name: event.metric_name, integrationId, createdAt: at };
    if (!this.metrics.has(metricId)) this.metrics.set(metricId, metric);
    const id =
      event.unique_id === undefined
        ? this.#rowId(row, ordinals)
        : md5Number(joined(["keyed", this.#accountId, profile.id, metricId, event.unique_id]));
    if (this.events.has(id)) return false;
    const { unique_id = null, metric_name, integration_name = null, value = null, value_currency = null } = event;
    this.events.set(id, {
      ...{ id, unique_id, profile_id: profile.id, metric_id: metricId, metric_name, integration_id: integrationId },
      ...{ integration_name, event_at: event.atMs, value, value_currency, event_properties: event.properties ?? null },
      ingested_at: at,
    });
    profile.lastEventAt = Math.max(profile.lastEventAt ?? 0, event.atMs);
    return true;
  }

  /** Of the whole row; the second and later equal rows of one entry get other digits after the first. */
  #rowId(row: OracleRow, ordinals: Map<string, number>): string {
    const event = row.event;
    if (event === undefined) throw new TypeError("no event");
    const optional = [row.external_id, row.email, row.phone_number, event.integration_name, event.value];
    const all = [...optional, event.value_currency, event.properties];
    const mask = all.reduce((bits, value, bit) => bits + (value === undefined ? 1 << bit : 0), 0);
    const fields = [row.external_id, row.email, row.phone_number, event.metric_name, event.integration_name];
    const rest = [String(event.atMs * 1000), event.value, event.value_currency, event.properties];
    const first = md5Number(joined(["row", this.#accountId, String(mask), ...fields, ...rest]));
    const nth = (ordinals.get(first) ?? 0) + 1;
    ordinals.set(first, nth);
    return nth === 1 ? first : first[0] + md5(`${first}|${nth}`).slice(1);
  }
}

/** RFC 7396. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** The same text for equal values, whatever the order of their keys; nulls of objects left out. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join(",")}}`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function joined(fields: readonly (string | undefined)[]): string {
  return fields.filter((field) => field !== undefined).join("\0");
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** The digest read as a little-endian number, in hex. */
function md5Number(text: string): string {
  return createHash("md5").update(text).digest().reverse().toString("hex");
}
