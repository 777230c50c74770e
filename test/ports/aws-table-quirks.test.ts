import { DescribeTimeToLiveCommand, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { ConditionFailed, type Item, type Table } from "../../lib/flows/ports.ts";
import { after, dayMs, minuteMs, secondMs } from "../../lib/model/time.ts";
import { openTable } from "../../lib/platform/aws/table.ts";
import { toKey } from "../../lib/platform/aws/table-items.ts";
import { openDynamoDbBed } from "../support/aws/stores-beds.ts";
import { seededRandomness } from "../support/clock.ts";
import { tableName } from "./aws-stores.ts";

const key = { pk: "p", sk: "k" };

describe("what comes back from DynamoDB", () => {
  test.each<[string, unknown]>([
    ["a fraction", 0.1 + 0.2],
    ["the smallest number", 5e-324],
    ["the largest number", Number.MAX_VALUE],
    ["a large whole number", 123_456_789_012_345_680_000],
    ["1e21", 1e21],
    ["the empty text", ""],
    ["half a surrogate pair", "cut \ud83d"],
    ["no name", { "": 1, "a.b": [{}] }],
    ["odd names", { ["__proto__x"]: 1, "#n0": ":v0" }],
    ["a deep nest", JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`)],
    ["a list of everything", [null, true, "", 0, -1.5e-200, "\ud800", { a: [] }]],
  ])("%s is what was put", async (_, value) => {
    await using bed = await openDynamoDbBed();

    await bed.table.put({ ...key, value });

    expect((await bed.table.get(key))?.["value"]).toStrictEqual(value);
  });

  test("names keep their order within a value, and reserved words are names as any other", async () => {
    await using bed = await openDynamoDbBed();
    const item = { ...key, status: "s", name: "n", size: 1, where: { z: 1, a: 2 } };

    await bed.table.put(item);
    await bed.table.put(item, { where: [{ attribute: "status", is: "=", value: "s" }] });

    const read = await bed.table.get(key);
    expect(read).toEqual(item);
    expect(Object.keys(read?.["where"] as object)).toEqual(["z", "a"]);
  });

  test("what JSON leaves out is left out", async () => {
    await using bed = await openDynamoDbBed();

    await bed.table.put({ ...key, none: undefined, list: [undefined], at: new Date(0) });

    expect(await bed.table.get(key)).toStrictEqual({ ...key, list: [null], at: "1970-01-01T00:00:00.000Z" });
  });

  test("an item says in seconds when DynamoDB may remove it, a day after it expired", async () => {
    await using bed = await openDynamoDbBed();
    const expiresAt = after(bed.clock.now(), minuteMs);

    await bed.table.put({ ...key, expiresAt });

    const stored = await bed.client.send(new GetItemCommand({ TableName: tableName, Key: toKey(key) }));
    const { TimeToLiveDescription } = await bed.client.send(new DescribeTimeToLiveCommand({ TableName: tableName }));
    const name = TimeToLiveDescription?.AttributeName ?? "";
    expect(stored.Item?.[name]).toEqual({ N: String((expiresAt + dayMs) / secondMs) });
    expect(await bed.table.get(key)).toEqual({ ...key, expiresAt });
  });

  test("the attribute that DynamoDB removes items by is nobody else's", async () => {
    await using bed = await openDynamoDbBed();

    await expect(bed.table.put({ ...key, ttl: 1 })).rejects.toThrow(RangeError);
  });

  test("a page may be longer than one answer of DynamoDB", async () => {
    await using bed = await openDynamoDbBed();
    for (let n = 10; n < 50; n += 1) await bed.table.put({ pk: "p", sk: `k${n}`, filler: "x".repeat(60_000) });

    const page = await bed.table.query({ pk: "p", limit: 39 });
    const rest = await bed.table.query({ pk: "p", limit: 39, cursor: page.cursor ?? "" });

    expect(page.items).toHaveLength(39);
    expect(rest.items.map((item) => item.sk)).toEqual(["k49"]);
    expect(rest.cursor).toBeUndefined();
  });

  test("an empty range is not asked for", async () => {
    await using bed = await openDynamoDbBed();
    await bed.table.put(key);

    expect(await bed.table.query({ pk: "p", from: "k", to: "k" })).toEqual({ items: [] });
    expect(bed.server.faults.calls).not.toContain("Query");
  });
});

describe("conditions that DynamoDB has no words for", () => {
  test("booleans have no order, and no clause that asks for it holds", async () => {
    await using bed = await openDynamoDbBed();
    await bed.table.put({ ...key, flag: true });

    const put = bed.table.put(key, { where: [{ attribute: "flag", is: ">=", value: false }] });

    await expect(put).rejects.toThrow(ConditionFailed);
  });

  test("a number that it cannot hold is not compared with", async () => {
    await using bed = await openDynamoDbBed();

    const put = bed.table.put(key, { where: [{ attribute: "n", is: "<", value: 1e300 }] });

    await expect(put).rejects.toThrow(RangeError);
  });
});

describe("when DynamoDB fails", () => {
  const writes: readonly (readonly [string, (table: Table) => Promise<void>])[] = [
    ["a put if unchanged", (table) => table.put({ ...key, n: 2 }, { where: [{ attribute: "n", is: "=", value: 1 }] })],
    ["a delete if present", (table) => table.delete(key, { item: "present" })],
    [
      "a transaction",
      (table) => table.transact([{ delete: key, condition: { item: "present" } }, { put: { pk: "p", sk: "l" } }]),
    ],
  ];

  for (const fault of ["error-after", "drop-after", "error-before", "drop-before", "throttle", "conflict"] as const) {
    test.each(writes)(`%s that meets ${fault} is made once and meets no conflict with itself`, async (_, write) => {
      await using bed = await openDynamoDbBed();
      await bed.table.put({ ...key, n: 1 });
      bed.server.faults.next("TransactWriteItems", fault);

      await write(bed.table);

      expect((await bed.table.get(key))?.["n"]).not.toBe(1);
      expect(bed.server.faults.calls.filter((call) => call === "TransactWriteItems")).toHaveLength(2);
    });
  }

  test("a condition that fails at the second try, not by our own work, is ConditionFailed", async () => {
    await using bed = await openDynamoDbBed();
    await bed.table.put(key);
    bed.server.faults.next("TransactWriteItems", "error-before");

    await expect(bed.table.put(key, { item: "absent" })).rejects.toThrow(ConditionFailed);
  });

  test("conflicts without end are STORE_UNAVAILABLE after a few tries, with waits that grow and scatter", async () => {
    await using bed = await openDynamoDbBed();
    const waitsMs: number[] = [];
    const clock = { now: () => bed.clock.now(), sleep: async (ms: number) => void waitsMs.push(ms) };
    const randomness = seededRandomness(7);
    const table = openTable({ client: bed.client, tableName, clock, fraction: () => randomness.fraction() });
    bed.server.faults.next("TransactWriteItems", ...Array(20).fill("conflict"));

    await expect(table.put(key, { item: "absent" })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

    const capsMs = [50, 100, 200, 400, 800, 1_600, 1_600, 1_600];
    expect(waitsMs).toHaveLength(capsMs.length);
    expect(waitsMs.every((ms, index) => ms <= (capsMs[index] ?? 0))).toBe(true);
    expect(new Set(waitsMs.map((ms, index) => Math.round((10 * ms) / (capsMs[index] ?? 1)))).size).toBeGreaterThan(3);
    expect(await bed.table.get(key)).toBeUndefined();
  });

  test("transactions that meet in AWS's way all get through", async () => {
    await using bed = await openDynamoDbBed({ overlapping: "conflict" });

    const shared = { pk: "p", sk: "shared" };
    await bed.table.put(shared);
    const puts = Array.from({ length: 8 }, (_, n) =>
      bed.table.transact([
        { put: { pk: "p", sk: `k${n}` }, condition: { item: "absent" } },
        { check: shared, condition: { item: "present" } },
      ]),
    );
    await Promise.all(puts);

    expect((await bed.table.query({ pk: "p" })).items).toHaveLength(9);
  });

  test("with three calls in ten throttled all work is done", async () => {
    await using bed = await openDynamoDbBed();
    const randomness = seededRandomness(3);
    bed.server.faults.often(0.3, "throttle", () => randomness.fraction());
    const items: Item[] = Array.from({ length: 12 }, (_, n) => ({ pk: "p", sk: `k${String(n).padStart(2, "0")}`, n }));

    await Promise.all(items.map((item) => bed.table.put(item)));

    expect((await bed.table.query({ pk: "p" })).items).toEqual(items);
  });

  test("a table that is not there is STORE_UNAVAILABLE and says what AWS said", async () => {
    await using bed = await openDynamoDbBed();
    const table = openTable({ client: bed.client, tableName: "other", clock: bed.clock });

    await expect(table.get(key)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      vendorCode: "ResourceNotFoundException",
    });
  });
});
