import { describe, expect, test } from "vitest";
import {
  ConditionFailed,
  type Item,
  itemBytesMax,
  type Table,
  type TablePage,
  type TableQuery,
  transactionItemsMax,
} from "../../lib/flows/ports.ts";
import { after, type Instant, minuteMs, secondMs } from "../../lib/model/time.ts";
import type { WindableClock } from "../support/clock.ts";
import { race, type StoreAddress, untilKilled } from "./port-workers.ts";
import { describeConditions } from "./table-conditions.ts";

/** A fresh, empty table, and how other processes reach it. */
interface TableBed extends AsyncDisposable {
  readonly table: Table;
  readonly clock: WindableClock;
  readonly address: StoreAddress;
}

export type OpenTableBed = () => Promise<TableBed>;

interface TableTraits {
  /** What a stand-in does otherwise than the store it stands for, by the name of the case; no flow relies on it. */
  readonly flaws: readonly string[];
  /** How often each of five processes raises the counter that they fight for; 0 where no others can reach the store. */
  readonly raises: number;
}

const traitsOfMost: TableTraits = { flaws: [], raises: 200 };

/** What every `Table` must do. */
export function describeTable(name: string, open: OpenTableBed, traits = traitsOfMost): void {
  describe(name, () => {
    describeItems(open);
    describeConditions(open, traits.flaws);
    describeTransactions(open);
    describeQueries(open);
    if (traits.raises > 0) describeProcesses(open, traits);
  });
}

function describeItems(open: OpenTableBed): void {
  test("an item comes back as plain JSON, whatever text it holds", async () => {
    await using bed = await open();
    const item = { pk: "p", sk: "k", text: "a\0b 😀 'quoted' \u{10FFFF}", nested: { list: [1, null, true, 0.1] } };

    await bed.table.put(item);

    expect(await bed.table.get(item)).toEqual(item);
    expect(await bed.table.get({ pk: "p", sk: "other" })).toBeUndefined();
  });

  test("a put replaces the whole item, and a deleted one is gone; deleting again is no error", async () => {
    await using bed = await open();
    await bed.table.put({ pk: "p", sk: "k", first: 1 });

    await bed.table.put({ pk: "p", sk: "k", second: 2 });
    const replaced = await bed.table.get({ pk: "p", sk: "k" });
    await bed.table.delete({ pk: "p", sk: "k" });
    await bed.table.delete({ pk: "p", sk: "k" });

    expect(replaced).toEqual({ pk: "p", sk: "k", second: 2 });
    expect(await bed.table.get({ pk: "p", sk: "k" })).toBeUndefined();
  });

  test("an item of 64 KiB is taken, one byte more is a RangeError", async () => {
    await using bed = await open();
    const frame = JSON.stringify({ pk: "p", sk: "k", filler: "" }).length;
    const ofBytes = (bytes: number): Item => ({ pk: "p", sk: "k", filler: "x".repeat(bytes - frame) });

    await bed.table.put(ofBytes(itemBytesMax));

    await expect(bed.table.put(ofBytes(itemBytesMax + 1))).rejects.toThrow(RangeError);
    await expect(bed.table.transact([{ put: ofBytes(itemBytesMax + 1) }])).rejects.toThrow(RangeError);
  });

  test.each([
    { pk: "", sk: "k" },
    { pk: "p", sk: "" },
    { pk: "p", sk: "k".repeat(1_025) },
    { pk: "p".repeat(2_049), sk: "k" },
    { pk: "p", sk: "half a pair \ud800" },
  ])("keys that no store takes are a RangeError (%#)", async (key) => {
    await using bed = await open();

    await expect(bed.table.put({ ...key })).rejects.toThrow(RangeError);
  });

  test("an expired item reads as absent: by get, by query, and in conditions", async () => {
    await using bed = await open();
    const { table, clock } = bed;
    await table.put({ pk: "p", sk: "k", n: 1, expiresAt: after(clock.now(), minuteMs) });
    await table.put({ pk: "p", sk: "l" });

    clock.wind(minuteMs - secondMs);
    const before = await table.get({ pk: "p", sk: "k" });
    clock.wind(secondMs);

    expect(before).toMatchObject({ n: 1 });
    expect(await table.get({ pk: "p", sk: "k" })).toBeUndefined();
    expect((await table.query({ pk: "p" })).items).toEqual([{ pk: "p", sk: "l" }]);
    await expect(table.put({ pk: "p", sk: "k" }, { item: "present" })).rejects.toThrow(ConditionFailed);
    await table.put({ pk: "p", sk: "k", n: 2 }, { item: "absent" });
    expect(await table.get({ pk: "p", sk: "k" })).toEqual({ pk: "p", sk: "k", n: 2 });
  });
}

function describeTransactions(open: OpenTableBed): void {
  test("a transaction writes all, or nothing and tells the first write that failed", async () => {
    await using bed = await open();
    await bed.table.put({ pk: "p", sk: "kept", n: 1 });
    const failing = {
      check: { pk: "p", sk: "kept" },
      condition: { where: [{ attribute: "n", is: "=", value: 2 }] },
    } as const;

    const failed = await bed.table
      .transact([
        { put: { pk: "p", sk: "new" } },
        { delete: { pk: "p", sk: "kept2" } },
        failing,
        { put: { pk: "p", sk: "other" }, condition: { item: "present" } },
      ])
      .catch((error: unknown) => error);
    const left = await bed.table.query({ pk: "p" });
    await bed.table.transact([
      { put: { pk: "p", sk: "new" }, condition: { item: "absent" } },
      { delete: { pk: "p", sk: "kept" }, condition: { item: "present" } },
    ]);

    expect(failed).toBeInstanceOf(ConditionFailed);
    expect((failed as ConditionFailed).index).toBe(2);
    expect(left.items).toEqual([{ pk: "p", sk: "kept", n: 1 }]);
    expect((await bed.table.query({ pk: "p" })).items).toEqual([{ pk: "p", sk: "new" }]);
  });

  test("25 writes go in one transaction, 26 are a RangeError, and so are two of one key", async () => {
    await using bed = await open();
    const puts = (count: number) => Array.from({ length: count }, (_, n) => ({ put: { pk: "p", sk: `k${n}` } }));

    await bed.table.transact(puts(transactionItemsMax));
    await bed.table.transact([]);

    await expect(bed.table.transact(puts(transactionItemsMax + 1))).rejects.toThrow(RangeError);
    await expect(bed.table.transact([{ put: { pk: "p", sk: "k" } }, { delete: { pk: "p", sk: "k" } }])).rejects.toThrow(
      RangeError,
    );
    expect((await bed.table.query({ pk: "p" })).items).toHaveLength(transactionItemsMax);
  });
}

async function pagesOf(
  table: Table,
  query: TableQuery,
  between?: (page: TablePage) => Promise<void>,
): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query(cursor === undefined ? query : { ...query, cursor });
    pages.push(page.items.map((item) => item.sk));
    cursor = page.cursor;
    await between?.(page);
  } while (cursor !== undefined && pages.length < 50);
  return pages;
}

const emoji = "😀";
const privateUse = "\uE000";

function describeQueries(open: OpenTableBed): void {
  const put = async (table: Table, ...keys: string[]) => {
    for (const sk of keys) await table.put({ pk: "p", sk });
  };

  test("sort keys stand in the order of their bytes, one partition at a time", async () => {
    await using bed = await open();
    await put(bed.table, emoji, privateUse, "a\0", "a", "B", "a/1", "a-1");
    await bed.table.put({ pk: "q", sk: "a" });

    const page = await bed.table.query({ pk: "p" });

    expect(page.items.map((item) => item.sk)).toEqual(["B", "a", "a\0", "a-1", "a/1", privateUse, emoji]);
    expect(page.cursor).toBeUndefined();
  });

  test("a range holds its smallest key and not its largest, in both directions", async () => {
    await using bed = await open();
    await put(bed.table, "a", "b", "c", "d");

    const range = { pk: "p", from: "b", to: "d" } as const;

    expect(await pagesOf(bed.table, range)).toEqual([["b", "c"]]);
    expect(await pagesOf(bed.table, { ...range, order: "descending" })).toEqual([["c", "b"]]);
    expect(await pagesOf(bed.table, { pk: "p", from: "b" })).toEqual([["b", "c", "d"]]);
    expect(await pagesOf(bed.table, { pk: "p", to: "b" })).toEqual([["a"]]);
    expect(await pagesOf(bed.table, { pk: "none" })).toEqual([[]]);
  });

  test.each(["ascending", "descending"] as const)(
    "pages follow one another, %s, with no key twice or left out",
    async (order) => {
      await using bed = await open();
      const keys = Array.from({ length: 23 }, (_, n) => `k${String(n).padStart(2, "0")}`);
      await put(bed.table, ...keys);

      const pages = await pagesOf(bed.table, { pk: "p", from: "k02", to: "k20", order, limit: 5 });

      const wanted = keys.slice(2, 20);
      expect(pages.flat()).toEqual(order === "ascending" ? wanted : wanted.toReversed());
      expect(pages.every((page) => page.length <= 5)).toBe(true);
    },
  );

  test.each(["ascending", "descending"] as const)("paging %s stays in place while items come and go", async (order) => {
    await using bed = await open();
    await put(bed.table, "b1", "c1", "d1", "e1", "f1");
    const ahead = order === "ascending" ? "c5" : "d5";
    const behind = order === "ascending" ? "a1" : "g1";

    const pages = await pagesOf(bed.table, { pk: "p", order, limit: 2 }, async ({ items }) => {
      if (items.some((item) => item.sk === "d1")) return;
      await put(bed.table, ahead, behind);
      // The cursor's own item goes.
      for (const item of items) await bed.table.delete(item);
    });

    const forward = ["b1", "c1", "c5", "d1", "e1", "f1"];
    const backward = ["f1", "e1", "d5", "d1", "c1", "b1"];
    expect(pages.flat()).toEqual(order === "ascending" ? forward : backward);
  });

  test("expired items neither show nor end the paging", async () => {
    await using bed = await open();
    const past = (bed.clock.now() - 1) as Instant;
    await put(bed.table, "a", "z");
    for (let n = 0; n < 10; n += 1) await bed.table.put({ pk: "p", sk: `m${n}`, expiresAt: past });

    expect((await pagesOf(bed.table, { pk: "p", limit: 1 })).flat()).toEqual(["a", "z"]);
  });
}

function describeProcesses(open: OpenTableBed, { raises }: TableTraits): void {
  test("five processes raise one counter by compare-and-swap and none is lost", async () => {
    await using bed = await open();
    const [workers, count] = [5, raises];

    const conflicts = await race(bed.address, { name: "increment", count }, workers);

    const counter = await bed.table.get({ pk: "race", sk: "counter" });
    const noted = await bed.table.query({ pk: "race", from: "noted/", to: "noted0", limit: 1_000 });
    expect(counter?.["value"]).toBe(workers * count);
    expect(noted.items).toHaveLength(workers * count);
    expect(conflicts.reduce((sum: number, each) => sum + Number(each), 0)).toBeGreaterThan(0);
    expect(new Set(noted.items.map((item) => item["worker"])).size).toBe(workers);
  });

  test("a process killed in mid-write leaves whole transactions, and every acknowledged one", async () => {
    await using bed = await open();

    for (let round = 0; round < 4; round += 1) {
      const kill = { afterSteps: 5 + round * 7, thenMs: round };
      const acknowledged = await untilKilled(bed.address, { name: "writePairs", worker: 0, count: 1_000_000 }, kill);
      const pairs = await sidesOf(bed.table);

      expect(pairs.left).toEqual(pairs.right);
      expect(pairs.left).toEqual(expect.arrayContaining(acknowledged.map(String)));
    }
  });
}

async function sidesOf(table: Table): Promise<{ left: string[]; right: string[] }> {
  const numbers = async (side: string) =>
    (await pagesOf(table, { pk: "pairs", from: `${side}/`, to: `${side}0`, limit: 1_000 }))
      .flat()
      .map((sk) => sk.slice(side.length + 1));
  return { left: await numbers("left"), right: await numbers("right") };
}
