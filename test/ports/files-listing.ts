import { expect, test } from "vitest";
import type { FileInfo } from "../../lib/flows/ports.ts";
import type { OpenFilesBed } from "./files-contract.ts";

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));
const bytesOf = (content: string) => new TextEncoder().encode(content);
const keysOf = (infos: readonly FileInfo[]) => infos.map((info) => info.key);

const oddKeys = [
  "state/a",
  "state/a/b",
  "state/a/",
  "state//a",
  "state/.",
  "/absolute",
  "state/a b+c%2F~!^",
  "state/[glob]*?.parquet",
  "state/month=2026-11/x.parquet",
  'state/it\'s "quoted".csv',
  "state/back\\slash",
  "state/new\nline",
  "state/nul\0",
  "state/trailing. ",
  "state/Ünïcode 名前 😀.csv",
  `state/${"é".repeat(500)}`,
  `state/${"%".repeat(300)}/${"y".repeat(600)}`,
  "inbox/../x",
  `inbox/${"z".repeat(900)}.csv`,
];

/** Which keys there are. */
export function describeKeys(open: OpenFilesBed, flaws: readonly string[]): void {
  const keys = oddKeys.filter((key) => !flaws.includes(key));

  test("every odd key holds its own object, is listed as it is, and can be deleted", async () => {
    await using bed = await open();

    for (const key of keys) await bed.files.put(key, bytesOf(key));

    for (const key of keys) expect(text(await bed.files.get(key))).toBe(key);
    const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(keysOf(await bed.files.list(""))).toEqual(byBytes);
    for (const key of keys) await bed.files.delete(key);
    expect(await bed.files.list("")).toEqual([]);
  });

  test.each(["", "k".repeat(1_025), `${"é".repeat(512)}x`, "half a pair \ud800"])(
    "no store takes such a key (%#)",
    async (key) => {
      await using bed = await open();

      await expect(bed.files.put(key, bytesOf("x"))).rejects.toThrow(RangeError);
    },
  );
}

/** How keys are listed. */
export function describeLists(open: OpenFilesBed): void {
  const keys = ["p/a", "p/a/1", "p/a/2", "p/a-1", "p/b", "p/c/d/e", "pq", "inbox/p"];

  test("a list holds the keys that start with the prefix, in byte order", async () => {
    await using bed = await open();
    for (const key of keys) await bed.files.put(key, bytesOf("x"));

    expect(keysOf(await bed.files.list("p/"))).toEqual(["p/a", "p/a-1", "p/a/1", "p/a/2", "p/b", "p/c/d/e"]);
    expect(keysOf(await bed.files.list("p/a"))).toEqual(["p/a", "p/a-1", "p/a/1", "p/a/2"]);
    expect(keysOf(await bed.files.list("p/a/"))).toEqual(["p/a/1", "p/a/2"]);
    expect(keysOf(await bed.files.list("p/c/d"))).toEqual(["p/c/d/e"]);
    expect(keysOf(await bed.files.list("x"))).toEqual([]);
  });

  test.each(["list", "versions"] as const)("pages of %s follow one another", async (method) => {
    await using bed = await open();
    for (const key of keys) await bed.files.put(key, bytesOf("x"));
    await bed.files.put("inbox/p", bytesOf("y"));

    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const page = keysOf(await bed.files[method]("", after === undefined ? { limit: 1 } : { limit: 1, after }));
      if (page.length > 0) pages.push(page);
      after = page.at(-1);
    } while (after !== undefined);

    const inboxPage = method === "list" ? ["inbox/p"] : ["inbox/p", "inbox/p"];
    const others = ["p/a", "p/a-1", "p/a/1", "p/a/2", "p/b", "p/c/d/e", "pq"];
    expect(pages).toEqual([inboxPage, ...others.map((key) => [key])]);
  });

  test("a list may start after a key that is not there", async () => {
    await using bed = await open();
    for (const key of keys) await bed.files.put(key, bytesOf("x"));

    expect(keysOf(await bed.files.list("p/", { after: "p/a/1x" }))).toEqual(["p/a/2", "p/b", "p/c/d/e"]);
    expect(keysOf(await bed.files.list("p/", { after: "p/c/" }))).toEqual(["p/c/d/e"]);
    expect(keysOf(await bed.files.list("p/", { after: "q" }))).toEqual([]);
  });
}
