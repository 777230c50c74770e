import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckStep, SettingMeta, Warehouse } from "../../lib/destinations/destination.ts";
import { loadDestination } from "../../lib/destinations/registry.ts";
import type { Testbed } from "../../lib/destinations/testbed.ts";
import { logStart } from "../../lib/model/log.ts";
import { eventRow, profileRow } from "../support/change-files.ts";
import {
  bedsWithTables,
  codeOf,
  commit,
  commitBeds,
  kindOf,
  schemaOf,
  startBed,
  type WarehouseRig,
  warehouseRig,
} from "../support/warehouse-rig.ts";

const stepNames = ["reach", "tls", "login", "privileges", "tables", "columns", "receipts", "load"];

async function check(warehouse: Warehouse): Promise<readonly CheckStep[]> {
  const steps: CheckStep[] = [];
  for await (const step of warehouse.check()) steps.push(step);
  return steps;
}

/** The last step of a check by a session of its own: the one that failed, or the last of all. */
async function lastStep(rig: WarehouseRig, logId?: string): Promise<CheckStep | undefined> {
  await using warehouse = await rig.open(logId === undefined ? {} : { logId });
  return (await check(warehouse)).at(-1);
}

describe.for(commitBeds)("a %s warehouse", (bed) => {
  let held: Testbed;
  beforeAll(async () => {
    held = await startBed(bed);
  });
  afterAll(() => held[Symbol.asyncDispose]());

  test("passes every step of the check, any number of times, and keeps nothing of it", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();

    const first = await check(warehouse);
    const again = await check(warehouse);

    expect(first.map(({ step, ok }) => [step, ok])).toEqual(stepNames.map((step) => [step, true]));
    expect(again).toEqual(first);
    expect(await rig.bed.rows("profile")).toEqual([]);
    expect(await rig.bed.rows("sync_receipt")).toEqual([]);
  });

  test("passes the check with rows and receipts of its own", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));

    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
    expect(await rig.bed.rows("profile")).toHaveLength(1);
  });

  test("refuses tables that hold another log's receipts, in the check and in a commit", async () => {
    await using rig = await warehouseRig(bed);
    await using theirs = await rig.open({ logId: "lg00000000000002" });
    await commit(theirs, await rig.stage(theirs, { files: [[profileRow("a", 1)]] }));
    await using ours = await rig.open();

    expect(await lastStep(rig)).toMatchObject({ step: "receipts", ok: false, errorCode: "FOREIGN_RECEIPTS" });
    const batch = await rig.stage(ours, { planId: "rn2", files: [[profileRow("b", 1)]] });
    expect(await codeOf(commit(ours, batch, 5))).toBe("FOREIGN_RECEIPTS");
    expect(await ours.receipts(batch.syncId, "profiles", logStart)).toEqual([]);
  });

  const hostilePrefixes = [
    'x"; DROP TABLE klaviyo_profile; --',
    "a b_",
    "a\0_",
    "é_",
    "a".repeat(31),
    "1_",
    "a.b_",
    "a'_",
  ];
  test.for(hostilePrefixes)("refuses the prefix %j", async (tablePrefix) => {
    await using rig = await warehouseRig(bed);

    const opened = rig.open({ tablePrefix }).then(async (warehouse) => (await check(warehouse)).at(-1)?.errorCode);

    const code = await opened.catch((error: { code: string }) => error.code);
    expect(code).toBe("NAME_INVALID");
    expect(() => rig.destination.setupScript(rig.bed.settings, { tablePrefix })).toThrow();
    expect(await rig.bed.rows("profile")).toEqual([]);
  });

  test("describes each field of its form, and refuses settings by the field's name", async () => {
    const destination = await loadDestination(kindOf(bed));
    const fields = Object.entries(destination.settings.shape) as [string, { meta(): SettingMeta | undefined }][];

    for (const [name, field] of fields) expect(field.meta(), name).toMatchObject({ label: /./, help: /./ });
    expect(fields.some(([, field]) => field.meta()?.identity === true)).toBe(true);
    const options = { signal: AbortSignal.timeout(1_000), dial: held.dial, folder: held.folder, ...held.options };
    const [first = ""] = fields.map(([name]) => name);
    const opened = destination.open(
      { ...held.settings, [first]: 5 },
      { logId: "x" as never, tablePrefix: "" },
      options,
    );
    await expect(opened).rejects.toMatchObject({ code: "SETTINGS_INVALID", message: expect.stringContaining(first) });
  });

  test("tells no secret, whatever goes wrong", async () => {
    await using rig = await warehouseRig(bed);
    const shape = Object.entries(rig.destination.settings.shape) as [string, { meta(): SettingMeta | undefined }][];
    const secrets = shape.flatMap(([name, field]) =>
      field.meta()?.secret === true && rig.bed.settings[name] !== undefined ? [String(rig.bed.settings[name])] : [],
    );
    const said: unknown[] = [];
    const keep = (work: Promise<unknown>) =>
      work.then(
        (value) => said.push(value),
        (error: unknown) => said.push(error),
      );

    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await keep(check(warehouse));
    await keep(commit(warehouse, { ...batch, files: batch.files.map((file) => ({ ...file, rows: 9 })) }));
    await rig.loseReceipts();
    if (bedsWithTables.includes(bed)) await rig.bed.administer(`DROP TABLE ${schemaOf(rig.bed)}klaviyo_profile`);
    await keep(commit(warehouse, batch));
    await keep(check(warehouse));
    for (const [name] of shape) {
      const wrong = rig.open({ settings: { [name]: `${rig.bed.settings[name]}x` } });
      await keep(wrong.then(check));
      await keep(wrong.then((other) => commit(other, batch)));
    }

    const text = said.map((one) => inspect(one, { depth: 12, showHidden: true })).join("\n");
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(said.length).toBeGreaterThan(5);
  });
});

describe.for(bedsWithTables)("the tables of a %s warehouse", (bed) => {
  let held: Testbed;
  beforeAll(async () => {
    held = await startBed(bed);
  });
  afterAll(() => held[Symbol.asyncDispose]());

  test("says of a dropped table that it is missing, with the statement that makes it", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { object: "events", files: [[eventRow("a", 1)]] });
    await rig.bed.administer(`DROP TABLE ${schemaOf(rig.bed)}klaviyo_event`);

    expect(await codeOf(commit(warehouse, batch))).toBe("OBJECT_MISSING");
    const failed = await lastStep(rig);
    expect(failed).toMatchObject({ step: "tables", ok: false, errorCode: "OBJECT_MISSING" });
    await rig.bed.administer(failed?.fix ?? "");
    await rig.bed.administer(rig.destination.setupScript(rig.bed.settings, { tablePrefix: "klaviyo_" }));
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("says of a dropped column that it is missing, with the statement that mends it", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await rig.bed.administer(`ALTER TABLE ${schemaOf(rig.bed)}klaviyo_profile DROP COLUMN locale`);

    expect(await codeOf(commit(warehouse, batch))).toBe("COLUMN_CONFLICT");
    const failed = await lastStep(rig);
    expect(failed).toMatchObject({ step: "columns", ok: false, errorCode: "COLUMN_CONFLICT" });
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
    expect(await commit(warehouse, batch)).toMatchObject({ rowsInserted: 1 });
  });

  test("says of a column of another type which it is", async () => {
    await using rig = await warehouseRig(bed);
    const table = `${schemaOf(rig.bed)}klaviyo_event`;
    await rig.bed.administer(`ALTER TABLE ${table} DROP COLUMN value`);
    await rig.bed.administer(`ALTER TABLE ${table} ADD COLUMN value integer`);

    const failed = await lastStep(rig);

    expect(failed).toMatchObject({ step: "columns", errorCode: "COLUMN_CONFLICT" });
    expect(failed?.detail.toLowerCase()).toContain('"value" is integer');
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("lets the customer add columns of their own", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    await rig.bed.administer(`ALTER TABLE ${schemaOf(rig.bed)}klaviyo_profile ADD COLUMN score integer`);

    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));

    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });
});
