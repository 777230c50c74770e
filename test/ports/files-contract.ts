import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Files } from "../../lib/flows/ports.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { secondMs } from "../../lib/model/time.ts";
import type { WindableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { describeKeys, describeLists } from "./files-listing.ts";
import { describeProcesses } from "./files-processes.ts";
import type { StoreAddress } from "./port-workers.ts";

/** Fresh, empty files, and how other processes reach them. */
interface FilesBed extends AsyncDisposable {
  readonly files: Files;
  readonly clock: WindableClock;
  readonly address: StoreAddress;
}

export type OpenFilesBed = () => Promise<FilesBed>;

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));
const bytesOf = (content: string) => new TextEncoder().encode(content);

interface FilesTraits {
  /** How often a process that writes is killed; 0 where no others can reach the files. */
  readonly kills: number;
  /** What a stand-in does otherwise than the store it stands for: odd keys that it does not take, and "the time of change". */
  readonly flaws: readonly string[];
}

const traitsOfMost: FilesTraits = { kills: 6, flaws: [] };

/** What every `Files` must do. */
export function describeFiles(name: string, open: OpenFilesBed, { kills, flaws } = traitsOfMost): void {
  describe(name, () => {
    describeObjects(open);
    if (!flaws.includes("the time of change")) describeTimes(open);
    describeVersions(open);
    describeKeys(open, flaws);
    describeLists(open);
    if (kills > 0) describeProcesses(open, kills);
  });
}

function describeTimes(open: OpenFilesBed): void {
  test("the time of change is that of the put", async () => {
    await using bed = await open();
    await bed.files.put("state/a", bytesOf("old"));
    bed.clock.wind(secondMs);

    const info = await bed.files.put("state/a", bytesOf("new"));

    expect(info.modifiedAt).toBe(bed.clock.now());
    expect((await bed.files.list("state/"))[0]?.modifiedAt).toBe(bed.clock.now());
  });
}

function describeObjects(open: OpenFilesBed): void {
  test("put-if-absent keeps what is there, put replaces it", async () => {
    await using bed = await open();

    const first = await bed.files.putIfAbsent("state/a", bytesOf("one"));
    const second = await bed.files.putIfAbsent("state/a", bytesOf("two"));
    const kept = text(await bed.files.get("state/a"));
    const info = await bed.files.put("state/a", bytesOf("three"));

    expect([first, second, kept]).toEqual(["created", "exists", "one"]);
    expect(text(await bed.files.get("state/a"))).toBe("three");
    expect(info).toMatchObject({ key: "state/a", bytes: 5 });
    expect(await bed.files.stat("state/a")).toEqual(info);
  });

  test.each(["putIfAbsent", "put"] as const)("%s takes a file over and leaves it to the caller", async (method) => {
    await using bed = await open();
    using scratch = tempFolder();
    const path = join(scratch.path, "own.parquet");
    writeFileSync(path, "content");

    await bed.files[method]("state/a", { path });

    expect(text(await bed.files.get("state/a"))).toBe("content");
    expect(readFileSync(path, "utf8")).toBe("content");
    scratch[Symbol.dispose]();
    expect(text(await bed.files.get("state/a"))).toBe("content");
  });

  test("an object can be empty", async () => {
    await using bed = await open();

    await bed.files.putIfAbsent("state/empty", new Uint8Array(0));

    expect(await bed.files.stat("state/empty")).toMatchObject({ bytes: 0 });
    expect(await bed.files.get("state/empty")).toHaveLength(0);
  });

  test.each([
    [0, 3, "012"],
    [7, 100, "789"],
    [4, 4, ""],
    [50, 60, ""],
  ])("a range from %i to before %i is %o", async (start, end, expected) => {
    await using bed = await open();
    await bed.files.putIfAbsent("state/a", bytesOf("0123456789"));

    const range = await bed.files.get("state/a", { range: { start, end } });

    expect(text(range)).toBe(expected);
  });

  test("what is not there is undefined, and OBJECT_GONE for a download", async () => {
    await using bed = await open();

    expect(await bed.files.get("state/none")).toBeUndefined();
    expect(await bed.files.stat("state/none")).toBeUndefined();
    expect(await bed.files.get("inbox/none")).toBeUndefined();
    await expect(bed.files.download("state/none")).rejects.toMatchObject({ code: "OBJECT_GONE" });
    await expect(bed.files.download("inbox/none", { version: "1" })).rejects.toBeInstanceOf(SyncError);
  });

  test("a download stays whole while its object is replaced and deleted", async () => {
    await using bed = await open();
    await bed.files.put("state/a.csv.gz", bytesOf("old"));

    await using local = await bed.files.download("state/a.csv.gz");
    await bed.files.put("state/a.csv.gz", bytesOf("newer"));
    await bed.files.delete("state/a.csv.gz");

    expect(readFileSync(local.path, "utf8")).toBe("old");
    expect(local.bytes).toBe(3);
    expect(local.path).toMatch(/\.csv\.gz$/);
  });

  test.each([
    [0, 10, "0123456789"],
    [3, 7, "3456"],
    [7, 100, "789"],
    [4, 4, ""],
  ])("a download of the range from %i to before %i holds %o at its offset", async (start, end, expected) => {
    await using bed = await open();
    const { version } = await bed.files.put("inbox/a.csv", bytesOf("0123456789"));
    await bed.files.put("inbox/a.csv", bytesOf("another version"));

    await using local = await bed.files.download("inbox/a.csv", { version, range: { start, end } });

    const { path, offset, bytes } = local;
    expect(bytes).toBe(expected.length);
    expect(readFileSync(path, "latin1").slice(offset, offset + bytes)).toBe(expected);
  });

  test("a download of a whole object begins at its first byte", async () => {
    await using bed = await open();
    await bed.files.put("state/a", bytesOf("old"));

    await using local = await bed.files.download("state/a");

    expect(local).toMatchObject({ bytes: 3, offset: 0 });
  });

  test("an aborted download does not start", async () => {
    await using bed = await open();
    await bed.files.put("state/a", bytesOf("old"));

    await expect(bed.files.download("state/a", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  test("a downloaded object can be put under another key", async () => {
    await using bed = await open();
    await bed.files.put("inbox/a.csv", bytesOf("rows"));

    {
      await using local = await bed.files.download("inbox/a.csv");
      await bed.files.putIfAbsent("archive/a", local);
    }
    await bed.files.delete("inbox/a.csv");

    expect(text(await bed.files.get("archive/a"))).toBe("rows");
  });

  test("a copy holds the bytes of the version it was made of; copying again changes nothing", async () => {
    await using bed = await open();
    const { version } = await bed.files.put("inbox/a.csv", bytesOf("one"));
    await bed.files.put("inbox/a.csv", bytesOf("two"));

    await bed.files.copy({ key: "inbox/a.csv", version }, "archive/a");
    await bed.files.copy({ key: "inbox/a.csv", version }, "archive/a");
    await bed.files.copy({ key: "inbox/a.csv" }, "archive/newest");
    await bed.files.delete("inbox/a.csv");

    expect(text(await bed.files.get("archive/a"))).toBe("one");
    expect(text(await bed.files.get("archive/newest"))).toBe("two");
    await expect(bed.files.copy({ key: "inbox/a.csv", version }, "archive/b")).rejects.toMatchObject({
      code: "OBJECT_GONE",
    });
  });

  test("a deleted object is gone; deleting again is no error", async () => {
    await using bed = await open();
    await bed.files.put("state/a/b", bytesOf("x"));

    await bed.files.delete("state/a/b");
    await bed.files.delete("state/a/b");

    expect(await bed.files.get("state/a/b")).toBeUndefined();
    expect(await bed.files.list("state/")).toEqual([]);
    expect(await bed.files.putIfAbsent("state/a/b", bytesOf("y"))).toBe("created");
  });
}

function describeVersions(open: OpenFilesBed): void {
  test("under inbox every put adds a version, and the newest is what the key means", async () => {
    await using bed = await open();
    const puts = [await bed.files.put("inbox/a.csv", bytesOf("one"))];
    bed.clock.wind(secondMs);
    puts.push(await bed.files.put("inbox/a.csv", bytesOf("three")));

    const versions = await bed.files.versions("inbox/");

    expect(versions).toEqual(puts);
    expect(await bed.files.list("inbox/")).toEqual([puts[1]]);
    expect(text(await bed.files.get("inbox/a.csv"))).toBe("three");
    expect(text(await bed.files.get("inbox/a.csv", { version: String(puts[0]?.version) }))).toBe("one");
    expect(await bed.files.stat("inbox/a.csv", String(puts[0]?.version))).toEqual(puts[0]);
    await using local = await bed.files.download("inbox/a.csv", { version: String(puts[0]?.version) });
    expect(readFileSync(local.path, "utf8")).toBe("one");
  });

  test("versions come oldest first although the clock stands still or steps back, and none comes twice", async () => {
    await using bed = await open();
    const ids: string[] = [];
    for (const step of [0, 0, -3_600_000, 1]) {
      bed.clock.wind(step);
      ids.push((await bed.files.put("inbox/a.csv", bytesOf("x"))).version);
    }
    const versions = await bed.files.versions("inbox/");
    await bed.files.delete("inbox/a.csv");
    const later = await bed.files.put("inbox/a.csv", bytesOf("x"));

    expect(versions.map((info) => info.version)).toEqual(ids);
    expect(new Set([...ids, later.version]).size).toBe(5);
  });

  test("put-if-absent under inbox makes the first version only", async () => {
    await using bed = await open();

    const first = await bed.files.putIfAbsent("inbox/a.csv", bytesOf("one"));
    const second = await bed.files.putIfAbsent("inbox/a.csv", bytesOf("two"));

    expect([first, second]).toEqual(["created", "exists"]);
    expect(await bed.files.versions("inbox/")).toHaveLength(1);
  });

  test("deleting a version leaves the others; deleting the key takes them all", async () => {
    await using bed = await open();
    const one = await bed.files.put("inbox/a.csv", bytesOf("one"));
    const two = await bed.files.put("inbox/a.csv", bytesOf("two"));

    await bed.files.delete("inbox/a.csv", two.version);
    const newest = await bed.files.stat("inbox/a.csv");
    await bed.files.delete("inbox/a.csv", two.version);
    await bed.files.put("inbox/a.csv", bytesOf("three"));
    await bed.files.delete("inbox/a.csv");

    expect(newest).toEqual(one);
    expect(await bed.files.versions("inbox/")).toEqual([]);
    expect(await bed.files.get("inbox/a.csv", { version: one.version })).toBeUndefined();
  });
}
