import { expect, test } from "vitest";
import { quarantineOf } from "../../lib/flows/store/quarantine.ts";
import { listErrors } from "../../lib/flows/sync/list-errors.ts";
import { listRuns } from "../../lib/flows/sync/list-runs.ts";
import { anySignal } from "../support/account-rig.ts";
import { profileRow } from "../support/change-files.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

async function connected(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  return rig;
}

async function quarantined(rig: SyncRig) {
  const sync = await rig.sync("profiles", "periodic");
  return (await quarantineOf(rig.deps.table, rig.accountId, sync.connectionId, { limit: 100 })).records;
}

test("rows that the warehouse refuses are found, set aside with its words, and the others arrive", async () => {
  await using rig = await connected();
  const bad = new Set(["p7", "p8", "p40"]);
  rig.server.mischief.refuses = (row) => bad.has(String(row["id"]));
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 50)] });

  await rig.tick();

  expect(rig.server.tables.profiles.size).toBe(50 - bad.size);
  const sync = await rig.sync("profiles", "periodic");
  expect(sync).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: null, rowsSent: 46 });
  const [record] = await quarantined(rig);
  expect(record).toMatchObject({ rows: 3, code: "ROW_REJECTED", reason: "cannot hold p7" });
  await using session = await rig.deps.engine.open(anySignal);
  await using file = await rig.deps.files.download(record?.fileKey ?? "");
  const rows = await session.json(`SELECT id FROM read_parquet('${file.path}') ORDER BY id`);
  expect(rows.map((row) => row["id"])).toEqual(["p40", "p7", "p8"]);
  const ref = { accountId: rig.accountId, syncId: sync.id };
  expect((await listErrors(rig.deps, ref, anySignal)).items[0]).toMatchObject({ code: "ROW_REJECTED" });
  expect((await listRuns(rig.deps, ref, anySignal)).items[0]).toMatchObject({ rowsQuarantined: 3, state: "completed" });
  expect(rig.server.receipts.at(-1)).toMatchObject({ rowsStaged: 46, rowsQuarantined: 3 });
  expect(rig.server.staged.size).toBe(0);
});

test("a file of nothing but refused rows is passed by a skip, all of it set aside", async () => {
  await using rig = await connected();
  rig.server.mischief.refuses = () => true;
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 4)] });

  await rig.tick();

  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: null });
  expect(await quarantined(rig)).toMatchObject([{ rows: 3 }]);
});

test("a value over the warehouse's limit is set aside before it is sent, and the limit is named", async () => {
  await using rig = await connected();
  rig.server.limits = { ...rig.server.limits, valueBytesMax: 10 };
  const rows = [profileRow("p2", 0, { title: "é".repeat(5) }), profileRow("p3", 0, { title: "é".repeat(6) })];
  await publishChanges(rig.deps, rig.accountId, { profiles: [rows] });

  await rig.tick();

  expect([...rig.server.tables.profiles.keys()]).toEqual(["p1", "p2"]);
  const [record] = await quarantined(rig);
  expect(record).toMatchObject({ rows: 1 });
  expect(record?.reason).toContain("10 bytes");
});
