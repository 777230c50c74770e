import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { profileRow } from "../../../test/support/change-files.ts";
import { codeOf, commit, type WarehouseRig, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import type { CheckStep } from "../destination.ts";

async function lastStep(rig: WarehouseRig, file?: string): Promise<CheckStep | undefined> {
  await using warehouse = await rig.open(file === undefined ? {} : { settings: { file } });
  let last: CheckStep | undefined;
  for await (const step of warehouse.check()) last = step;
  return last;
}

/** Another program with the file open, as its owner's would be. */
async function holder(path: string): Promise<ChildProcess> {
  const script = `import("@duckdb/node-api").then(async ({ DuckDBInstance }) => {
    const instance = await DuckDBInstance.create(${JSON.stringify(path)}, { access_mode: "READ_ONLY" });
    globalThis.kept = await instance.connect();
    console.log("open");
    setInterval(() => undefined, 1000);
  })`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

describe("the file's name", () => {
  const refused = [
    "../x.duckdb",
    "a/b.duckdb",
    "a\\b.duckdb",
    "/etc/x.duckdb",
    ".x.duckdb",
    "x.db",
    "..duckdb",
    "x\n.duckdb",
  ];
  test.each(refused)("%j is refused", async (file) => {
    await using rig = await warehouseRig("duckdb");

    expect(await codeOf(rig.open({ settings: { file } }))).toBe("SETTINGS_INVALID");
  });

  test("is refused where it is a link, a folder, or no database", async () => {
    await using rig = await warehouseRig("duckdb");
    await symlink("/tmp/elsewhere.duckdb", join(rig.bed.folder, "link.duckdb"));
    await symlink("/tmp/elsewhere.wal", join(rig.bed.folder, "wal.duckdb.wal"));
    await mkdir(join(rig.bed.folder, "folder.duckdb"));
    await writeFile(join(rig.bed.folder, "text.duckdb"), "this is no database".repeat(1_000));

    for (const file of ["link.duckdb", "wal.duckdb", "folder.duckdb", "text.duckdb"]) {
      expect(await lastStep(rig, file), file).toMatchObject({ step: "reach", errorCode: "SETTINGS_INVALID" });
    }
  });
});

describe("the file", () => {
  test("is busy while another program has it open, and says what to do", async () => {
    await using rig = await warehouseRig("duckdb");
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    const other = await holder(join(rig.bed.folder, "warehouse.duckdb"));

    const outcome = commit(warehouse, batch);

    await expect(outcome).rejects.toMatchObject({
      code: "DEST_BUSY",
      message: expect.stringContaining("close it there"),
    });
    await killed(other);
    expect(await commit(warehouse, batch)).toMatchObject({ rowsInserted: 1 });
  });

  test("is waited for while another program closes it", async () => {
    await using rig = await warehouseRig("duckdb");
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    const other = await holder(join(rig.bed.folder, "warehouse.duckdb"));

    const outcome = commit(warehouse, batch);
    setTimeout(() => other.kill("SIGKILL"), 300);

    expect(await outcome).toMatchObject({ rowsInserted: 1 });
  });

  test("is free for others between calls, and stands alone in its folder", async () => {
    await using rig = await warehouseRig("duckdb");
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await commit(warehouse, batch);
    await warehouse.discard(batch.planId);

    await killed(await holder(join(rig.bed.folder, "warehouse.duckdb")));

    expect(await readdir(rig.bed.folder)).toEqual([".staging", "warehouse.duckdb"]);
    expect(await readdir(join(rig.bed.folder, ".staging"))).toEqual([]);
  });

  test("takes commits to several files of one process in turn", async () => {
    await using rig = await warehouseRig("duckdb");
    const files = ["one.duckdb", "two.duckdb", "three.duckdb"];

    const receipts = await Promise.all(
      files.map(async (file, index) => {
        expect(await lastStep(rig, file)).toMatchObject({ ok: true });
        await using warehouse = await rig.open({ settings: { file } });
        return await commit(
          warehouse,
          await rig.stage(warehouse, { planId: `rn${index}`, files: [[profileRow("a", 1)]] }),
        );
      }),
    );

    expect(receipts.map(({ rowsInserted }) => rowsInserted)).toEqual([1, 1, 1]);
  });

  test("reads no file but its own and what is staged for it", async () => {
    await using rig = await warehouseRig("duckdb");
    await using warehouse = await rig.open();
    await rig.bed.administer(
      "CREATE OR REPLACE MACRO epoch_ms(x) AS (SELECT octet_length(content) FROM read_blob('/etc/passwd'))",
    );

    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });

    expect(await codeOf(warehouse.receipts(batch.syncId, "profiles", { seq: 0, file: 0 }))).not.toBe("no failure");
  });
});

test("JSON that cannot be read is refused with the number of its file, and the others can go in", async () => {
  await using rig = await warehouseRig("duckdb");
  await using warehouse = await rig.open();
  const files = [[profileRow("a", 1)], [profileRow("b", 1, { properties: "{oops" })]];
  const batch = await rig.stage(warehouse, { files });

  await expect(commit(warehouse, batch)).rejects.toMatchObject({
    code: "ROW_REJECTED",
    message: expect.stringContaining("file 2"),
  });
  const good = { ...batch, last: batch.first, files: batch.files.slice(0, 1), rowsStaged: 1 };
  expect(await commit(warehouse, good)).toMatchObject({ rowsInserted: 1 });
});
