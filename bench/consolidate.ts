import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Engine, startEngine } from "../lib/engine/engine.ts";
import { startConsolidation } from "../lib/flows/consolidate/start-consolidation.ts";
import type { Deps } from "../lib/flows/deps.ts";
import { steps } from "../lib/flows/steps.ts";
import { fileKeys } from "../lib/flows/store/keys.ts";
import { accountPointer, accountState, appendIntake, intakeHead } from "../lib/flows/store/log.ts";
import { writeList } from "../lib/flows/store/records.ts";
import { type AccountId, type ImportId, spellId } from "../lib/model/ids.ts";
import type { IntakeFile } from "../lib/model/log.ts";
import { openFiles } from "../lib/platform/embedded/files.ts";
import { openTable } from "../lib/platform/embedded/table.ts";
import { openWorkflows } from "../lib/platform/embedded/workflows.ts";
import { systemClock, systemRandomness } from "../lib/platform/system-clock.ts";

/**
 * Times consolidation alone, on generated intake files: new profiles, new events of known persons, the same events
 * again, and a small change of a large account. `node bench/consolidate.ts --profiles 1000000 --events 10000000`
 */
const { values } = parseArgs({
  options: {
    profiles: { type: "string", default: "1000000" },
    events: { type: "string", default: "10000000" },
    steps: { type: "boolean", default: false },
    sql: { type: "boolean", default: false },
  },
});
const [profileCount, eventCount] = [Number(values.profiles), Number(values.events)];
const signal = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), "bench-consolidate-"));
const accountId = spellId<AccountId>("account", createHash("sha256").update("bench").digest());
const table = openTable(join(folder, "table.sqlite"), { clock: systemClock });
const files = openFiles(join(folder, "files"), { clock: systemClock });
const engine = await startEngine({ tempFolder: join(folder, "spill") });
let peakRss = 0;
const sampler = setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 50);

const profileColumns = (person: string) => `'C' || lpad(${person}::VARCHAR, 9, '0') AS external_id,
  'user' || ${person} || '@example.com' AS email`;
const profileSql = (from: number, to: number, tier: string) => `SELECT ${profileColumns("i")},
  CASE WHEN i % 3 = 0 THEN '+4477' || lpad(i::VARCHAR, 8, '0') END AS phone_number, 'First' || (i % 1000) AS first_name,
  'Last' || (i % 7777) AS last_name, 'Org' || (i % 99) AS organization, NULL::VARCHAR AS title, NULL::VARCHAR AS image,
  'en-GB' AS locale, '{"city":"City' || (i % 500) || '","country":"GB"}' AS location,
  '{"plan":"${tier}","score":' || (i % 100) || ',"signup":"2024-01-01","tags":["a","b"],"vip":true}' AS properties,
  NULL::VARCHAR AS subscriptions, NULL::VARCHAR[] AS cleared FROM range(${from}, ${to}) t(i)`;
const eventSql = (from: number, to: number) => `SELECT ${profileColumns(`((i * 7919) % ${profileCount})`)},
  NULL::VARCHAR AS phone_number, NULL::VARCHAR AS unique_id,
  ['Placed Order', 'Viewed Product', 'Active on Site'][1 + i % 3] AS metric_name, 'Shop' AS integration_name,
  (TIMESTAMP '2025-01-01' + to_seconds(((i * 104729) % 31536000)::BIGINT)) AS event_at,
  ((i % 10000) / 100.0)::DECIMAL(38,9) AS "value", 'GBP' AS value_currency,
  '{"sku":"S' || (i % 5000) || '","qty":' || (i % 9) || ',"title":"Some product name ' || (i % 5000) || '","line":' || i || '}' AS event_properties
  FROM range(${from}, ${to}) t(i)`;

async function accept(object: "profiles" | "events", rows: number, sql: (from: number, to: number) => string) {
  const seq = (await intakeHead(table, accountId)) + 1;
  const written: IntakeFile[] = [];
  await using session = await engine.open(signal);
  for (let from = 0; from < rows; from += 1_000_000) {
    const to = Math.min(rows, from + 1_000_000);
    const path = join(folder, `${seq}-${from}.parquet`);
    await session.run(`COPY (${sql(from, to)}) TO '${path}' (FORMAT parquet, COMPRESSION lz4_raw)`);
    const key = fileKeys.intake(accountId, `${seq}`, `${from}.parquet`);
    await files.putIfAbsent(key, { path });
    await rm(path);
    written.push({ key, firstRow: from, rows: to - from, bytes: 1 });
  }
  const listKey = fileKeys.intake(accountId, `${seq}`, "list.json");
  await writeList(files, listKey, { profiles: [], events: [], [object]: written });
  const acceptedAt = systemClock.now();
  const count = { profileRows: object === "profiles" ? rows : 0, eventRows: object === "events" ? rows : 0 };
  const importId = `im${seq}` as ImportId;
  await table.transact(
    appendIntake(accountId, { seq, importId, listKey, ...count, bytes: 1, acceptedAt, acceptedAtMin: acceptedAt }),
  );
}

const spent = new Map<string, number>();
const workflows = openWorkflows({
  folder: resolve(import.meta.dirname, "../state-machines"),
  files,
  clock: systemClock,
  randomness: systemRandomness,
  log: (event, fields) => void (fields["status"] === "SUCCEEDED" || console.log(event, fields)),
  runStep: async (name, input, stop) => {
    const started = performance.now();
    try {
      return await steps[name]?.(deps, input, stop);
    } finally {
      const phase = (input as { phase?: string }).phase ?? "";
      const label = `${name} ${name === "run-part" ? phase : ""}`;
      spent.set(label, (spent.get(label) ?? 0) + performance.now() - started);
    }
  },
});
const deps = {
  ...{
    table,
    files,
    workflows,
    engine: values.sql ? watched(engine) : engine,
    clock: systemClock,
    randomness: systemRandomness,
  },
  scratchFolder: join(folder, "scratch"),
  log: (event: string, fields: unknown) => console.log(event, fields),
} as unknown as Deps;

/** Adds up the time of each kind of statement. */
function watched(inner: Engine): Engine {
  const timedRun = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const label = sql
        .replaceAll(/\s+/g, " ")
        .replaceAll(/[0-9a-f]{6,}/g, "#")
        .slice(0, 90);
      spent.set(label, (spent.get(label) ?? 0) + performance.now() - started);
    }
  };
  return {
    close: () => inner.close(),
    open: async (stop) => {
      const session = await inner.open(stop);
      return {
        connection: session.connection,
        run: (sql, parameters) => timedRun(sql, () => session.run(sql, parameters)),
        rows: (sql, parameters) => timedRun(sql, () => session.rows(sql, parameters)),
        json: (sql, parameters) => timedRun(sql, () => session.json(sql, parameters)),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}

async function timed(what: string): Promise<void> {
  peakRss = 0;
  spent.clear();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await startConsolidation(deps, { accountId }, signal);
  await workflows.settled();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const state = await accountState(files, (await accountPointer(table, accountId)).stateKey);
  const memory = `peak RSS ${Math.round(peakRss / 1e6)} MB`;
  console.log(`${what}: ${seconds.toFixed(2)} s, CPU ${((user + system) / 1e6).toFixed(2)} s, ${memory}`);
  console.log(`  ${state.profileCount} profiles, ${state.eventCount} events; ${await written()}`);
  const labels = [...spent].filter(([, ms]) => ms > 20).toSorted((a, b) => b[1] - a[1]);
  if (values.steps) for (const [label, ms] of labels) console.log(`  ${label}: ${(ms / 1000).toFixed(2)} s`);
}

/** Bytes of the change and state files that this round added. */
let bytesBefore = 0;
async function written(): Promise<string> {
  let [bytes, count] = [0, 0];
  for (const prefix of [`change/${accountId}/`, `state/${accountId}/`]) {
    for (
      let page = await files.list(prefix);
      page.length > 0;
      page = await files.list(prefix, { after: page.at(-1)?.key ?? "" })
    ) {
      for (const file of page) bytes += file.bytes;
      count += page.length;
    }
  }
  const added = bytes - bytesBefore;
  bytesBefore = bytes;
  return `${(added / 1e6).toFixed(1)} MB written, ${count} files in all`;
}

try {
  await accept("profiles", profileCount, (from, to) => profileSql(from, to, "pro"));
  await timed(`${profileCount} new profiles`);
  if (eventCount > 0) {
    await accept("events", eventCount, eventSql);
    await timed(`${eventCount} new events of known persons`);
    await accept("events", eventCount, eventSql);
    await timed("the same events again");
  }
  await accept("profiles", 1_000, (from, to) => profileSql(from, to, "free"));
  await timed("a change of 1000 profiles");
  await accept("profiles", profileCount, (from, to) => profileSql(from, to, "free"));
  await timed("all profiles changed");
  await accept("profiles", profileCount, (from, to) => profileSql(from, to, "free"));
  await timed("the same profiles again");
} finally {
  clearInterval(sampler);
  engine.close();
  table[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
}
