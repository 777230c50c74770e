import { createHash } from "node:crypto";
import { cpSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Engine, sqlText, sqlTexts, startEngine } from "../../lib/engine/engine.ts";
import { consolidateRound, type RoundLimits, roundLimits } from "../../lib/flows/consolidate/consolidate-round.ts";
import type { RoundOutcome } from "../../lib/flows/consolidate/publish-round.ts";
import { startConsolidation } from "../../lib/flows/consolidate/start-consolidation.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { steps } from "../../lib/flows/steps.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import {
  accountPointer,
  accountState,
  appendIntake,
  changeEntries,
  changeFiles,
  intakeHead,
} from "../../lib/flows/store/log.ts";
import { readList, writeList } from "../../lib/flows/store/records.ts";
import { type AccountId, type ImportId, spellId } from "../../lib/model/ids.ts";
import { eventIntakeColumns, profileIntakeColumns } from "../../lib/model/intake.ts";
import type { AccountState, IntakeFile, IntakeList, StatePartition } from "../../lib/model/log.ts";
import type { Instant } from "../../lib/model/time.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { bareDeps, type LoggedEvent } from "./bare-deps.ts";
import { seededRandomness, type WindableClock, windableClock } from "./clock.ts";
import type { OracleCount, OracleEntry, OracleRow } from "./oracle.ts";
import { tempFolder } from "./temp-folder.ts";

/** The ports of a machine that can die: whoever comes after it works on the same folder, with workflows of its own. */
export interface ConsolidationRig extends Disposable {
  readonly deps: Deps;
  readonly clock: WindableClock;
  readonly folder: string;
  readonly accountId: AccountId;
  readonly events: LoggedEvent[];
  /** Publishes rows as an import would, in files of `fileRows` rows. */
  accept(entry: OracleEntry, fileRows?: number): Promise<void>;
  /** Runs the machine until nothing waits, as a fresh process would; `wrap` stands between flows and ports. */
  consolidate(wrap?: (deps: Deps) => Deps): Promise<void>;
  state(): Promise<AccountState>;
}

const signal = new AbortController().signal;
const machines = resolve(import.meta.dirname, "../../state-machines");

/** Every round in the smallest parts, and every state file rewritten as soon as there is reason to. */
export function smallLimits(change: Partial<RoundLimits> = {}): RoundLimits {
  const compaction = { deltas: 1, staleRows: 0 };
  const sizes = { chunkRows: 5, indexRows: 8, mergeRows: 6, bucketRows: 4, fileRows: 3, compaction };
  return { ...roundLimits, inlineRows: 0, sizes, ...change };
}

let engine: Promise<Engine> | undefined;

/** One engine serves all rigs of a test process. */
function sharedEngine(): Promise<Engine> {
  engine ??= startEngine({ tempFolder: join(tempFolder().path, "spill"), threads: 2 });
  return engine;
}

/** `from`: a rig whose state the new one begins with. */
export async function consolidationRig(
  limits: RoundLimits = roundLimits,
  from?: ConsolidationRig,
): Promise<ConsolidationRig> {
  const folder = tempFolder();
  if (from !== undefined) cpSync(from.folder, folder.path, { recursive: true });
  const clock = windableClock();
  const table = openTable(join(folder.path, "table.sqlite"), { clock, survives: "process" });
  const files = openFiles(join(folder.path, "files"), { clock });
  const events: LoggedEvent[] = [];
  const shared = { table, files, clock, randomness: seededRandomness(), engine: await sharedEngine() };
  const deps = bareDeps({ events, given: { ...shared, scratchFolder: join(folder.path, "scratch") } });
  const accountId = spellId<AccountId>("account", createHash("sha256").update("one").digest());
  return {
    deps,
    clock,
    folder: folder.path,
    accountId,
    events,
    accept: (entry, fileRows = 1_000) => acceptEntry(deps, accountId, entry, fileRows),
    consolidate: (wrap = (own) => own) => runMachine(deps, accountId, limits, wrap),
    state: async () => accountState(files, (await accountPointer(table, accountId)).stateKey),
    [Symbol.dispose]: () => {
      table[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** A fresh process's workflows on these deps: starts the consolidation, or takes up the one that is open. */
async function runMachine(
  deps: Deps,
  accountId: AccountId,
  limits: RoundLimits,
  wrap: (deps: Deps) => Deps,
): Promise<void> {
  const failures: string[] = [];
  using workflows = openWorkflows({
    folder: machines,
    files: deps.files,
    clock: deps.clock,
    randomness: deps.randomness,
    wait: async () => {},
    runStep: async (name, input, stop) => {
      const request = input as Parameters<typeof consolidateRound>[1];
      try {
        return await (name === "consolidate-round"
          ? consolidateRound(own, request, stop, limits)
          : steps[name]?.(own, input, stop));
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.stack : error}`);
        throw error;
      }
    },
    onEnd: async (end) => void (end.error && failures.push(`${end.status} ${end.error.name} ${end.error.cause}`)),
  });
  const own = wrap(
    new Proxy(deps, {
      has: (target, name) => name === "workflows" || Reflect.has(target, name),
      get: (target, name) => (name === "workflows" ? workflows : Reflect.get(target, name)),
    }),
  );
  await startConsolidation(own, { accountId }, signal);
  await workflows.settled();
  if (failures.length > 0) throw new Error(failures.join("; "));
}

async function acceptEntry(deps: Deps, accountId: AccountId, entry: OracleEntry, fileRows: number): Promise<void> {
  const seq = (await intakeHead(deps.table, accountId)) + 1;
  const isEvents = entry.rows.some((row) => row.event !== undefined);
  const hasPatches = entry.rows.some((row) => row.patch !== undefined);
  const list: IntakeList = {
    profiles:
      isEvents && !hasPatches
        ? []
        : await writeRows(deps, accountId, `${seq}-profiles`, entry.rows.map(profileOf), fileRows),
    events: isEvents ? await writeRows(deps, accountId, `${seq}-events`, entry.rows.map(eventOf), fileRows) : [],
  };
  const listKey = fileKeys.intake(accountId, `${seq}`, "list.json");
  await writeList(deps.files, listKey, list);
  const rows = entry.rows.length;
  const acceptedAt = entry.acceptedAt as Instant;
  await deps.table.transact(
    appendIntake(accountId, {
      seq,
      importId: `im${seq}` as ImportId,
      listKey,
      profileRows: list.profiles.length > 0 ? rows : 0,
      eventRows: isEvents ? rows : 0,
      bytes: 1,
      acceptedAt,
      acceptedAtMin: acceptedAt,
    }),
  );
}

function profileOf(row: OracleRow): Record<string, unknown> {
  const json = Object.entries(row.patch?.json ?? {}).map(([name, value]) => [name, JSON.stringify(value)]);
  return { ...row, ...row.patch?.texts, ...Object.fromEntries(json), cleared: row.patch?.cleared ?? null };
}

function eventOf(row: OracleRow): Record<string, unknown> {
  const { atMs = 0, properties = null, ...event } = row.event ?? {};
  return { ...row, ...event, event_at: new Date(atMs).toISOString().slice(0, -1), event_properties: properties };
}

async function writeRows(
  deps: Deps,
  accountId: AccountId,
  name: string,
  rows: readonly Record<string, unknown>[],
  fileRows: number,
): Promise<IntakeFile[]> {
  const columns = name.endsWith("events") ? eventIntakeColumns : profileIntakeColumns;
  const written: IntakeFile[] = [];
  await using session = await deps.engine.open(signal);
  const scratch = tempFolder();
  for (let firstRow = 0; firstRow < rows.length; firstRow += fileRows) {
    const part = rows.slice(firstRow, firstRow + fileRows);
    const path = join(scratch.path, `${name}-${firstRow}`);
    await writeFile(`${path}.json`, part.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const types = columns.map(([column, type]) => `${sqlText(column)}: ${sqlText(type)}`).join(", ");
    const source = `read_json(${sqlText(`${path}.json`)}, format = 'newline_delimited', columns = {${types}})`;
    await session.run(`COPY (SELECT * FROM ${source}) TO ${sqlText(`${path}.parquet`)} (FORMAT parquet)`);
    const key = fileKeys.intake(accountId, name, `${firstRow}.parquet`);
    await deps.files.putIfAbsent(key, { path: `${path}.parquet` });
    written.push({ key, firstRow, rows: part.length, bytes: 1 });
  }
  scratch[Symbol.dispose]();
  return written;
}

/** Everything an account has come to, sorted; `_seq` left out. */
export interface Content {
  readonly profiles: readonly Record<string, unknown>[];
  readonly events: readonly Record<string, unknown>[];
  readonly identities: readonly Record<string, unknown>[];
  readonly metrics: readonly Record<string, unknown>[];
}

/** Reads profiles and identities from the state, events from the change log, as any reader of Parquet would. */
export async function contentOf(rig: ConsolidationRig): Promise<Content> {
  const state = await rig.state();
  const eventKeys: string[] = [];
  for (const entry of await changeEntries(rig.deps.table, rig.accountId, "events", { afterSeq: 0 }))
    eventKeys.push(...(await changeFiles(rig.deps.files, entry)).files.map((file) => file.key));
  const latest = (source: string, key: string, seq: string) =>
    `SELECT * EXCLUDE (${seq}) FROM (${source}) t QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY ${seq} DESC) = 1`;
  const identities = await rowsOf(
    rig,
    keysOf(state.identities),
    (source) =>
      `SELECT key::VARCHAR AS key, replace(profile::VARCHAR, '-', '') AS profile FROM (${latest(source, "key", "seq")}) WHERE profile::VARCHAR NOT LIKE '00000000-0000%' ORDER BY ALL`,
  );
  return {
    profiles: await rowsOf(rig, keysOf(state.profiles), (source) => `${latest(source, "id", "_seq")} ORDER BY id`),
    events: await rowsOf(rig, eventKeys, (source) => `SELECT * EXCLUDE (_seq) FROM (${source}) ORDER BY id`),
    identities,
    metrics: state.metrics.map(({ seq: _, ...metric }) => metric).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** How the rows of each entry turned out, as imports are told. */
export async function countsOf(rig: ConsolidationRig): Promise<OracleCount[]> {
  const counts: OracleCount[] = [];
  for (const { key } of await rig.deps.files.list(`state/${rig.accountId}/`)) {
    if (!key.endsWith("/outcome.json")) continue;
    for (const { importId, ...count } of (await readList<RoundOutcome>(rig.deps.files, key))?.imports ?? [])
      counts[Number(importId.slice(2)) - 1] = count;
  }
  return counts;
}

function keysOf(partitions: readonly StatePartition[]): string[] {
  return partitions.flatMap(({ base, deltas }) => [...(base ? [base.key] : []), ...deltas.map((file) => file.key)]);
}

async function rowsOf(
  rig: ConsolidationRig,
  keys: readonly string[],
  query: (source: string) => string,
): Promise<Record<string, unknown>[]> {
  if (keys.length === 0) return [];
  const local = await Promise.all(keys.map((key) => rig.deps.files.download(key)));
  await using session = await rig.deps.engine.open(signal);
  return await session.json(query(`SELECT * FROM read_parquet(${sqlTexts(local.map((file) => file.path))})`));
}
