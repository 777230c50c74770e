import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { exactJson, onTestbed, type Testbed } from "../../lib/destinations/testbed.ts";
import { sqlText } from "../../lib/engine/engine.ts";
import { quarantineOf } from "../../lib/flows/store/quarantine.ts";
import type { ConnectionId } from "../../lib/model/ids.ts";
import { type ColumnType, type TableName, warehouseTables } from "../../lib/model/tables.ts";
import { anySignal } from "../support/account-rig.ts";
import type { ChangeRow } from "../support/change-files.ts";
import { publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";
import { corpusEvents, corpusProfiles } from "../support/value-corpus.ts";
import { beds, kindOf, startBed } from "../support/warehouse-rig.ts";

const over65535 = [
  "65,536 bytes",
  "65,536 bytes in 32,768 letters",
  "a string of 65,536 bytes in JSON",
  "one megabyte",
  "one megabyte in JSON",
];

/** What each kind cannot hold, of profiles and of events, by the names of the corpus. That and nothing else it sets aside. */
const setAside: Readonly<Record<string, readonly string[]>> = {
  // JSON that no reader of the table could read again.
  duckdb: ["a lone surrogate"],
  s3: ["a lone surrogate"],
  // https://www.postgresql.org/docs/current/datatype-json.html
  postgres: ["a lone surrogate", "U+0000", "escaped U+0000"],
  // https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html; of JSON, its strings are measured.
  redshift: ["a lone surrogate", "U+0000", "escaped U+0000", ...over65535],
};

/** A row of the log as `Testbed.rows` shows it: JSON by value, decimals to the ninth digit, instants to the microsecond. */
function shown(table: TableName, row: ChangeRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    warehouseTables[table].map(({ name, type }) => [name, shownValue(type, row[name] ?? null)]),
  );
}

function shownValue(type: ColumnType, value: string | null): unknown {
  if (value === null) return null;
  const [whole = "", fraction = ""] = value.split(".");
  if (type === "decimal") return `${whole}.${fraction.padEnd(9, "0")}`;
  if (type === "instant") return `${whole.replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
  if (type === "json") return exactJson(value);
  return type === "bool" ? value === "true" : value;
}

async function idsSetAside(rig: SyncRig, connectionId: ConnectionId): Promise<Record<"profiles" | "events", string[]>> {
  const { records } = await quarantineOf(rig.deps.table, rig.accountId, connectionId, { limit: 100 });
  const found: Record<"profiles" | "events" | "metrics", string[]> = { profiles: [], events: [], metrics: [] };
  await using session = await rig.deps.engine.open(anySignal);
  for (const { object, fileKey } of records) {
    await using file = await rig.deps.files.download(fileKey);
    const rows = await session.json(`SELECT id FROM read_parquet(${sqlText(file.path)})`);
    found[object].push(...rows.map((row) => String(row["id"])));
  }
  return { profiles: found.profiles.sort(), events: found.events.sort() };
}

describe.each(beds)("a %s warehouse", (name) => {
  let bed: Testbed;
  beforeAll(async () => {
    bed = await startBed(name);
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  // A known defect: JSON with half a surrogate pair is taken, and its view can then not be read. No CSV brings one in.
  const holds = kindOf(name) === "s3" ? test.fails : test;
  holds(
    "holds every value of the corpus as it was sent, less exactly what it cannot hold, which is set aside",
    async () => {
      await using rig = await syncRig(1, {
        destination: async (kind) => onTestbed(await loadDestination(kind), bed),
        destinationKinds: [kindOf(name)],
        dial: bed.dial,
        accountFolder: () => bed.folder,
      });
      await publishChanges(rig.deps, rig.accountId, { profiles: [corpusProfiles], events: [corpusEvents] });

      const connection = await rig.connect({ kind: kindOf(name), settings: bed.settings });

      const aside = await idsSetAside(rig, connection.id);
      const cannotHold = [...(setAside[kindOf(name)] ?? [])].sort();
      expect(aside).toEqual({ profiles: cannotHold, events: cannotHold });
      for (const [table, object, source] of [
        ["profile", "profiles", corpusProfiles],
        ["event", "events", corpusEvents],
      ] as const) {
        const found = new Map((await bed.rows(table)).map((row) => [row["id"], { ...row, _synced_at: null }]));
        const kept = source.filter((row) => !aside[object].includes(String(row["id"])));
        expect([...found.keys()].sort()).toEqual(kept.map((row) => row["id"]).sort());
        for (const row of kept) expect(found.get(row["id"]), String(row["id"])).toEqual(shown(table, row));
      }
    },
  );
});
