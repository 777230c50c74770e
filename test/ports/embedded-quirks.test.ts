import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FileBody } from "../../lib/flows/ports.ts";
import { secondMs } from "../../lib/model/time.ts";
import { translatingDisk } from "../../lib/platform/disk.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { type PresignOptions, verifyPresigned } from "../../lib/platform/embedded/presign.ts";
import { openSecrets } from "../../lib/platform/embedded/secrets.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { windableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { countedBytes } from "./port-worker.ts";

const clock = windableClock();
const oneByte = new Uint8Array(1);

describe("the folder of the embedded files", () => {
  test("no key reaches outside it", async () => {
    using folder = tempFolder();
    const root = join(folder.path, "deep", "root");
    const files = openFiles(root, { clock });

    for (const key of ["../../x", "/etc/x", "a/../../../x", "..", "inbox/../../../../x", "..\\x"])
      await files.put(key, oneByte);

    expect(readdirSync(folder.path)).toEqual(["deep"]);
    expect(readdirSync(join(folder.path, "deep"))).toEqual(["root"]);
    expect(readdirSync(root).toSorted()).toEqual(["objects", "temp"]);
  });

  test("no path holds what a glob or a hive reader would take for its own", async () => {
    using folder = tempFolder();
    const files = openFiles(folder.path, { clock });

    await files.put("state/month=1/[a]*?{b}.parquet", oneByte);
    await using local = await files.download("state/month=1/[a]*?{b}.parquet");

    expect(local.path).not.toMatch(/[[\]*?{}=]/);
    expect(local.path).toMatch(/\.parquet$/);
  });

  test("a file of the same disk is linked, one of another disk is copied", async () => {
    using folder = tempFolder();
    const otherDisk = await mkdtemp("/dev/shm/warehouse-sync-");
    const files = openFiles(join(folder.path, "files"), { clock });
    const [here, there] = [join(folder.path, "here"), join(otherDisk, "there")];
    for (const path of [here, there]) writeFileSync(path, "content");

    await files.put("state/here", { path: here });
    await files.put("state/there", { path: there });

    await using localHere = await files.download("state/here");
    await using localThere = await files.download("state/there");
    expect(statSync(localHere.path).ino).toBe(statSync(here).ino);
    expect(readFileSync(localThere.path, "utf8")).toBe("content");
    await rm(otherDisk, { recursive: true });
  });

  test("what a killed process left unfinished is swept when the folder is opened again, what a living one has is not", async () => {
    using folder = tempFolder();
    const child = fork(import.meta.filename.replace(/[^/]+$/, "port-worker.ts"), [
      JSON.stringify({ module: new URL("./embedded-stores.ts", import.meta.url).href, args: [folder.path] }),
      JSON.stringify({ name: "writeObjects", worker: 0, count: 1_000_000 }),
    ]);
    await once(child, "message");
    const temp = join(folder.path, "files", "temp");
    const ofChild = readdirSync(temp).map((name) => join(temp, name));
    for (const path of ofChild) writeFileSync(join(path, "half"), countedBytes(1, 1_000));

    openFiles(join(folder.path, "files"), { clock });
    const whileAlive = ofChild.map((path) => existsSync(path));
    child.kill("SIGKILL");
    await once(child, "exit");
    openFiles(join(folder.path, "files"), { clock });

    expect(whileAlive).toEqual([true]);
    expect(ofChild.map((path) => existsSync(path))).toEqual([false]);
  });

  test("ids of versions sort by age although the clock stands still or steps back", async () => {
    using folder = tempFolder();
    const wound = windableClock();
    const files = openFiles(folder.path, { clock: wound });
    const ids: string[] = [];
    for (const step of [0, 0, -3_600_000, 1]) {
      wound.wind(step);
      ids.push((await files.put("inbox/a.csv", oneByte)).version);
    }

    expect(ids).toEqual([...new Set(ids)].sort());
  });

  test("deleting leaves no empty folders", async () => {
    using folder = tempFolder();
    const files = openFiles(folder.path, { clock });
    await files.put("work/ac1/im1-1/part/1.parquet", oneByte);
    await files.put("inbox/ac1/us1/events/a.csv", oneByte);

    await files.delete("work/ac1/im1-1/part/1.parquet");
    await files.delete("inbox/ac1/us1/events/a.csv");

    expect(readdirSync(join(folder.path, "objects"))).toEqual([]);
  });

  test.each([
    ["ENOSPC", "STORAGE_FULL"],
    ["EDQUOT", "STORAGE_FULL"],
    ["EIO", "STORE_UNAVAILABLE"],
  ])("%s of the disk is %s", async (code, expected) => {
    const failing = translatingDisk(() => Promise.reject(Object.assign(new Error(code), { code })));

    await expect(failing).rejects.toMatchObject({ code: expected });
  });

  test("a body that is not there is the caller's bug, and nothing of it stays", async () => {
    using folder = tempFolder();
    const files = openFiles(folder.path, { clock });
    const body: FileBody = { path: join(folder.path, "none") };

    await expect(files.put("state/x", body)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(files.putIfAbsent("inbox/x", body)).rejects.toMatchObject({ code: "ENOENT" });

    expect(globSync(join(folder.path, "temp/*/*"))).toEqual([]);
    expect(await files.list("")).toEqual([]);
  });
});

describe("presigned addresses", () => {
  const presign: PresignOptions = { baseUrl: "http://127.0.0.1:8080/files", key: new Uint8Array(32).fill(7) };

  test("open one key for one method for a while", async () => {
    using folder = tempFolder();
    const wound = windableClock();
    const files = openFiles(folder.path, { clock: wound, presign });
    const url = await files.presign("PUT", "inbox/ac1/ü b/a.csv", 60);

    const opened = verifyPresigned(presign, { method: "PUT", url, now: wound.now() });
    const otherMethod = verifyPresigned(presign, { method: "GET", url, now: wound.now() });
    wound.wind(60 * secondMs);
    const late = verifyPresigned(presign, { method: "PUT", url, now: wound.now() });

    expect([opened, otherMethod, late]).toEqual(["inbox/ac1/ü b/a.csv", undefined, undefined]);
  });

  test.each([
    (url: string) => url.replace("a.csv", "b.csv"),
    (url: string) => url.replace(/expires=\d/, "expires=9"),
    (url: string) => url.replace("method=GET", "method=PUT"),
    (url: string) => url.replace(/signature=./, "signature="),
    (url: string) => url.replace(/&signature=.*/, ""),
  ])("altered ones open nothing (%#)", async (alter) => {
    using folder = tempFolder();
    const files = openFiles(folder.path, { clock, presign });
    const url = await files.presign("GET", "results/a.csv", 60);

    const keys = ["GET", "PUT"].map((method) =>
      verifyPresigned(presign, { method, url: alter(url), now: clock.now() }),
    );

    expect(alter(url)).not.toBe(url);
    expect(keys).toEqual([undefined, undefined]);
  });
});

describe("the folder of the embedded secrets", () => {
  test("only this user may look, and no file shows a value or a reference", async () => {
    using folder = tempFolder();
    const root = join(folder.path, "secrets");
    const secrets = await openSecrets(root);

    await secrets.put("connection-of-acme", "hunter2-hunter2");

    expect(statSync(root).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(root)) {
      expect(statSync(join(root, name)).mode & 0o777).toBe(0o600);
      expect(`${name} ${readFileSync(join(root, name), "latin1")}`).not.toMatch(/hunter2|acme/);
    }
  });

  test.each(["altered", "swapped with another", "cut short"])(
    "a file that was %s is SECRET_UNAVAILABLE",
    async (how) => {
      using folder = tempFolder();
      const secrets = await openSecrets(folder.path);
      await secrets.put("a", "value");
      const [sealed = ""] = globSync(join(folder.path, "*.sealed"));
      const bytes = readFileSync(sealed);
      if (how === "altered")
        writeFileSync(sealed, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1) === 0 ? 1 : 0])]));
      if (how === "cut short") writeFileSync(sealed, bytes.subarray(0, 9));
      if (how === "swapped with another") {
        await secrets.put("b", "value");
        const [other = ""] = globSync(join(folder.path, "*.sealed")).filter((path) => path !== sealed);
        writeFileSync(sealed, readFileSync(other));
      }

      await expect(secrets.get("a")).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    },
  );

  test("many openers agree on one key", async () => {
    using folder = tempFolder();
    const opened = await Promise.all(Array.from({ length: 8 }, () => openSecrets(folder.path)));

    await opened[0]?.put("a", "value");

    for (const secrets of opened) expect(await secrets.get("a")).toBe("value");
  });
});

describe("the file of the embedded table", () => {
  test("a table in a folder that is not there is STORE_UNAVAILABLE", () => {
    expect(() => openTable("/nowhere/table.sqlite", { clock })).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });

  test("expired items give their room back a day later", async () => {
    using folder = tempFolder();
    const wound = windableClock();
    using table = openTable(join(folder.path, "table.sqlite"), { clock: wound, survives: "process" });
    await table.put({ pk: "p", sk: "short-lived", expiresAt: wound.now() });

    wound.wind(25 * 60 * 60 * secondMs);
    for (let n = 0; n < 1_001; n += 1) await table.put({ pk: "q", sk: "k", n });
    wound.wind(-26 * 60 * 60 * secondMs);

    expect(await table.get({ pk: "p", sk: "short-lived" })).toBeUndefined();
  });

  test("a file that is no table says so", () => {
    using folder = tempFolder();
    mkdirSync(folder.path, { recursive: true });
    writeFileSync(join(folder.path, "table.sqlite"), "not a database at all, but long enough to be one".repeat(40));

    expect(() => openTable(join(folder.path, "table.sqlite"), { clock })).toThrow(/not a database/);
  });
});
