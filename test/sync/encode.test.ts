import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  columnsOf,
  countTooLong,
  type Encoding,
  encodeFile,
  hasSelectedRows,
  passesUntouched,
  setAside,
} from "../../lib/engine/encode/encode-file.ts";
import { writeMetrics } from "../../lib/engine/encode/write-metrics.ts";
import { type Engine, startEngine } from "../../lib/engine/engine.ts";
import type { Instant } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ChangeRow, eventRow, profileRow, writeChangeFile } from "../support/change-files.ts";
import { tempFolder } from "../support/temp-folder.ts";

const folder = tempFolder();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ tempFolder: join(folder.path, "spill"), memoryMb: 256 });
});
afterAll(() => {
  engine.close();
  folder[Symbol.dispose]();
});

const all = { excludedIntegrations: [], metrics: null, eventAtFrom: null };
const whole = { filter: all, valueBytesMax: null } as const;
let files = 0;

async function changeFile(object: "profiles" | "events", rows: readonly ChangeRow[]): Promise<string> {
  files += 1;
  return (await writeChangeFile({ folder: folder.path, object, rows, format: "parquet", number: files })).path;
}

async function encoded(object: "profiles" | "events", rows: readonly ChangeRow[], encoding: Encoding) {
  const source = await changeFile(object, rows);
  const target = join(folder.path, `out-${files}.${encoding}`);
  await using session = await engine.open(anySignal);
  const count = await encodeFile(session, { ...whole, object, source, encoding }, target);
  return { count, bytes: readFileSync(target), target };
}

const hard = 'a "quoted", é, 😀, line\nbreak, \\N, NULL';

describe("CSV", () => {
  test("quotes every value, doubles quotes, and leaves null empty", async () => {
    const rows = [
      profileRow("p1", 1, {
        _seq: "9007199254740993",
        email: hard,
        phone_number: "",
        properties: '{"a":9007199254740993}',
        last_event_at: "2026-11-24 17:15:00.000001",
      }),
    ];

    const { count, bytes } = await encoded("profiles", rows, "csv");

    expect(count).toBe(1);
    expect(bytes.toString()).toBe(
      `"p1","a ""quoted"", é, 😀, line\nbreak, \\N, NULL","",,,,,,,,,"{""a"":9007199254740993}",,"2026-11-24 17:15:00.000000","2026-11-24 17:15:00.000000","2026-11-24 17:15:00.000001","9007199254740993","false"\n`,
    );
  });

  test("writes decimals with all their digits", async () => {
    const { bytes } = await encoded("events", [eventRow("e1", 1, { value: "12345678901234567890.123456789" })], "csv");

    expect(bytes.toString()).toContain('"12345678901234567890.123456789"');
  });

  test("has the columns of the warehouse table in order, less _synced_at", () => {
    expect(columnsOf("events").map((column) => column.name)).toEqual(
      "id,unique_id,profile_id,metric_id,metric_name,integration_id,integration_name,event_at,value,value_currency,event_properties,ingested_at,_seq".split(
        ",",
      ),
    );
  });

  test("is the same under gzip", async () => {
    const rows = [profileRow("p1", 1, { email: hard })];

    const [plain, zipped] = [await encoded("profiles", rows, "csv"), await encoded("profiles", rows, "csv.gz")];

    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes);
  });
});

test("NDJSON nests JSON as JSON, and keeps decimals and instants as text", async () => {
  const rows = [eventRow("e1", 5, { value: "1.100000001", event_properties: '{"a":{"b":[1,2]}}' })];

  const { bytes } = await encoded("events", rows, "ndjson.gz");

  expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({
    id: "e1",
    value: "1.100000001",
    event_properties: { a: { b: [1, 2] } },
    event_at: "2026-11-24 17:15:00.000000",
    unique_id: null,
    _seq: 5,
  });
});

describe("Parquet", () => {
  const request = { ...whole, object: "events", source: "x", encoding: "parquet" } as const;

  test("goes as it lies where nothing is filtered and no value can be too long", () => {
    expect(passesUntouched(request)).toBe(true);
    expect(passesUntouched({ ...request, filter: { ...all, metrics: [] } })).toBe(false);
    expect(passesUntouched({ ...request, filter: { ...all, excludedIntegrations: ["Mail"] } })).toBe(false);
    expect(passesUntouched({ ...request, valueBytesMax: 10 })).toBe(false);
    expect(passesUntouched({ ...request, encoding: "csv" })).toBe(false);
  });

  test("is written anew with the selected rows alone, and the same columns", async () => {
    const names = ['It\'s "mine"', "Other"];
    const source = await changeFile(
      "events",
      names.map((name, index) => eventRow(`e${index}`, 1, { metric_name: name })),
    );
    const target = join(folder.path, "selected.parquet");
    await using session = await engine.open(anySignal);

    const filter = { ...all, metrics: ['It\'s "mine"'] };
    const rows = await encodeFile(session, { ...request, source, filter }, target);

    expect(rows).toBe(1);
    const described = await session.json(`DESCRIBE SELECT * FROM read_parquet('${target}')`);
    const original = await session.json(`DESCRIBE SELECT * FROM read_parquet('${source}')`);
    expect(described).toEqual(original);
  });
});

test("whether anything is selected is seen without encoding", async () => {
  const source = await changeFile("events", [eventRow("e1", 1, { metric_name: "A", integration_name: "Mail" })]);
  await using session = await engine.open(anySignal);
  const ask = (filter: object) => hasSelectedRows(session, "events", source, { ...all, ...filter });

  expect(await ask({ metrics: ["A"] })).toBe(true);
  expect(await ask({ metrics: ["B"] })).toBe(false);
  expect(await ask({ metrics: [] })).toBe(false);
  expect(await ask({ excludedIntegrations: ["Mail"] })).toBe(false);
  expect(await ask({ eventAtFrom: Date.UTC(2027, 0) as Instant })).toBe(false);
});

test("rows with a value over the limit are left out, and set aside as they are", async () => {
  const rows = [profileRow("short", 1, { title: "é".repeat(50) }), profileRow("long", 1, { title: "é".repeat(51) })];
  const source = await changeFile("profiles", rows);
  const request = { ...whole, object: "profiles", source, encoding: "csv", valueBytesMax: 100 } as const;
  await using session = await engine.open(anySignal);

  const counts = [
    await countTooLong(session, request),
    await encodeFile(session, request, join(folder.path, "short.csv")),
    await setAside(session, request, join(folder.path, "long.parquet")),
  ];

  expect(counts).toEqual([1, 1, 1]);
  expect(await session.json(`SELECT id FROM read_parquet('${join(folder.path, "long.parquet")}')`)).toEqual([
    { id: "long" },
  ]);
});

test("where JSON may be longer than its strings, only strings too long and values too long as a whole are set aside", async () => {
  const many = JSON.stringify(Array.from({ length: 60 }, () => "ab"));
  const values: Record<string, string> = {
    short: '{"a":"b"}',
    "a long list": many,
    "escapes that are short once read": JSON.stringify({ a: '"'.repeat(60) }),
    "a long string": JSON.stringify({ a: [{ b: "é".repeat(51) }] }),
    "a long string alone": JSON.stringify("x".repeat(101)),
    "too long as a whole": JSON.stringify(Array.from({ length: 200 }, () => "ab")),
  };
  const source = await changeFile(
    "profiles",
    Object.entries(values).map(([id, properties]) => profileRow(id, 1, { properties })),
  );
  const target = join(folder.path, "long-json.parquet");
  await using session = await engine.open(anySignal);
  const limits = { valueBytesMax: 100, jsonBytesMax: 500 };

  await setAside(session, { ...whole, object: "profiles", source, encoding: "ndjson.gz", ...limits }, target);

  const ids = await session.json(`SELECT id FROM read_parquet('${target}') ORDER BY id`);
  expect(ids).toEqual([{ id: "a long string" }, { id: "a long string alone" }, { id: "too long as a whole" }]);
});

test("a range of rows is cut by their numbers in the file", async () => {
  const source = await changeFile(
    "profiles",
    Array.from({ length: 10 }, (_, index) => profileRow(`p${index}`, 1)),
  );
  const target = join(folder.path, "range.parquet");
  await using session = await engine.open(anySignal);
  const request = { ...whole, object: "profiles", source, encoding: "parquet" } as const;

  await encodeFile(session, { ...request, range: { from: 3, to: 6 }, without: [4] }, target);

  expect(await session.json(`SELECT id FROM read_parquet('${target}')`)).toEqual([{ id: "p3" }, { id: "p5" }]);
});

test("metrics become a file with the columns of their table", async () => {
  const createdAt = Date.UTC(2026, 10, 24) as Instant;
  const blank = { integrationId: null, integrationName: null, integrationCategory: null };
  const metrics = Array.from({ length: 600 }, (_, index) => ({
    ...{ id: `m${index}`, name: `It's ${index}`, ...blank },
    ...{ createdAt, updatedAt: createdAt, seq: 1 },
  }));
  const target = join(folder.path, "metrics.parquet");
  await using session = await engine.open(anySignal);

  await writeMetrics(session, metrics, target);

  const described = await session.json(`DESCRIBE SELECT * FROM read_parquet('${target}')`);
  expect(described.map((column) => column["column_name"])).toEqual(columnsOf("metrics").map((column) => column.name));
  expect(await session.json(`SELECT count(*) AS n, min(name) AS first FROM read_parquet('${target}')`)).toEqual([
    { n: "600", first: "It's 0" },
  ]);
});
