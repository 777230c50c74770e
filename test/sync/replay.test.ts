import { expect, test } from "vitest";
import { disableConnection } from "../../lib/flows/connections/disable-connection.ts";
import { retryConnection } from "../../lib/flows/connections/retry-connection.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { listQuarantine } from "../../lib/flows/quarantine/list-quarantine.ts";
import { readQuarantine } from "../../lib/flows/quarantine/read-quarantine.ts";
import { replayRows } from "../../lib/flows/quarantine/replay-rows.ts";
import { listReceipts } from "../../lib/flows/sync/list-receipts.ts";
import type { QuarantineRecord } from "../../lib/model/sync.ts";
import { anySignal } from "../support/account-rig.ts";
import { eventRow, profileRow } from "../support/change-files.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig, takeUpAll } from "../support/sync-rig.ts";

async function connected(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)], events: [events(1, 1)] });
  await rig.connect();
  return rig;
}

/** Has rows with these ids refused, and sends `changes`. */
async function refused(rig: SyncRig, ids: readonly string[], changes: Parameters<typeof publishChanges>[2]) {
  rig.server.mischief.refusesLate = (row) => ids.includes(String(row["id"]));
  await publishChanges(rig.deps, rig.accountId, changes);
  await rig.tick();
  rig.server.mischief = {};
}

async function quarantine(rig: SyncRig): Promise<readonly QuarantineRecord[]> {
  const { connectionId } = await rig.sync("profiles", "periodic");
  return (await listQuarantine(rig.deps, { accountId: rig.accountId, connectionId }, anySignal)).items;
}

function refTo(rig: SyncRig, { connectionId, id }: QuarantineRecord) {
  return { accountId: rig.accountId, connectionId, quarantineId: id };
}

async function replay(rig: SyncRig, record: QuarantineRecord) {
  const sync = await replayRows(rig.deps, refTo(rig, record), anySignal);
  await rig.settled();
  return sync;
}

test("quarantined rows arrive by a replay once the warehouse takes them, with a receipt of their own", async () => {
  await using rig = await connected();
  await refused(rig, ["p3", "e3"], { profiles: [profiles(2, 4)], events: [events(2, 4)] });
  const before = [rig.server.tables.profiles.size, rig.server.tables.events.size];

  for (const record of await quarantine(rig)) await replay(rig, record);

  expect(before).toEqual([3, 3]);
  expect([rig.server.tables.profiles.size, rig.server.tables.events.size]).toEqual([4, 4]);
  for (const object of ["profiles", "events"] as const) {
    const sync = await rig.sync(object, "replay");
    expect(sync).toMatchObject({ runId: null, lastError: null, rowsSent: 1, watermark: { seq: 2, file: 1 } });
    expect(sync.completedAt).not.toBeNull();
    const { receipts } = await listReceipts(rig.deps, { accountId: rig.accountId, syncId: sync.id }, anySignal);
    expect(receipts).toMatchObject([{ rowsStaged: 1, rowsQuarantined: 0 }]);
  }
  expect((await quarantine(rig)).every((record) => record.replayedAt !== undefined)).toBe(true);
});

test("a replayed version that was overtaken changes nothing", async () => {
  await using rig = await connected();
  await refused(rig, ["p2"], { profiles: [[profileRow("p2", 0, { title: "old" })]] });
  await publishChanges(rig.deps, rig.accountId, { profiles: [[profileRow("p2", 0, { title: "new" })]] });
  await rig.tick();

  const [record] = await quarantine(rig);
  await replay(rig, record as QuarantineRecord);

  expect(rig.server.tables.profiles.get("p2")).toMatchObject({ title: "new", _seq: "3" });
});

test("what is refused again is quarantined again, and can be replayed again", async () => {
  await using rig = await connected();
  await refused(rig, ["p2", "p3"], { profiles: [profiles(2, 4)] });
  const [first] = await quarantine(rig);
  rig.server.mischief.refuses = (row) => row["id"] === "p3";

  await replay(rig, first as QuarantineRecord);
  rig.server.mischief = {};
  const [, , ...rest] = [...rig.server.tables.profiles.keys()];
  const again = (await quarantine(rig)).filter((record) => record.replayedAt === undefined);
  for (const record of again) await replay(rig, record);

  expect(rest).toHaveLength(1);
  expect(again).toMatchObject([{ rows: 1 }]);
  expect([...rig.server.tables.profiles.keys()].sort()).toEqual(["p1", "p2", "p3", "p4"]);
  expect(await rig.sync("profiles", "replay")).toMatchObject({ replays: 2, watermark: { file: 2 } });
});

test("a replay asked for while one is at work is done after it", async () => {
  await using rig = await connected();
  await refused(rig, ["p2", "p3"], { profiles: [profiles(2, 2), profiles(3, 3)] });
  const [first, second] = await quarantine(rig);
  rig.server.mischief.onCommit = async () => {
    rig.server.mischief = {};
    await replayRows(rig.deps, refTo(rig, second as QuarantineRecord), anySignal);
  };

  await replay(rig, first as QuarantineRecord);
  await startDueSyncs(rig.deps, { accountId: rig.accountId }, anySignal);
  await rig.settled();

  expect(rig.server.tables.profiles.size).toBe(3);
  expect(await rig.sync("profiles", "replay")).toMatchObject({ runId: null, watermark: { file: 2 } });
});

test("receipts of replays never stand above the log, however many there are", async () => {
  await using rig = await connected();
  await refused(rig, ["p2"], { profiles: [profiles(2, 2)] });
  const [record] = await quarantine(rig);

  for (let time = 0; time < 5; time += 1) await replay(rig, record as QuarantineRecord);
  const { connectionId } = await rig.sync("profiles", "periodic");
  const checked = await retryConnection(rig.deps, { accountId: rig.accountId, connectionId }, anySignal);
  await rig.settled();

  expect(checked.check).not.toBeNull();
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ disabledAt: null, lastError: null });
  expect(Math.max(...rig.server.receipts.map((receipt) => receipt.last.seq))).toBe(2);
});

test("a replay is refused for a metric, and while the connection is disabled", async () => {
  await using rig = await connected();
  const now = rig.clock.now();
  const nameless = { integrationId: null, integrationName: null, integrationCategory: null };
  await refused(rig, ["m1", "e2"], {
    events: [[eventRow("e2", 0), eventRow("e3", 0)]],
    metrics: [{ id: "m1", name: "Placed Order", ...nameless, createdAt: now, updatedAt: now, seq: 1 }],
  });
  const records = await quarantine(rig);
  const metric = records.find((record) => record.object === "metrics") as QuarantineRecord;
  const event = records.find((record) => record.object === "events") as QuarantineRecord;
  const answers = [await replayRows(rig.deps, refTo(rig, metric), anySignal).catch((error) => error.code)];
  await disableConnection(rig.deps, { accountId: rig.accountId, connectionId: event.connectionId }, anySignal);

  answers.push(await replayRows(rig.deps, refTo(rig, event), anySignal).catch((error) => error.code));

  expect(answers).toEqual(["STATE_CONFLICT", "STATE_CONFLICT"]);
});

test("quarantined rows are read in stretches, large ones one at a time", async () => {
  await using rig = await connected();
  const wide = "x".repeat(3_000_000);
  const rows = [profileRow("a", 0), profileRow("b", 0, { title: wide }), profileRow("c", 0, { title: wide })];
  await refused(rig, ["a", "b", "c"], { profiles: [rows] });
  const [record] = await quarantine(rig);
  const ref = refTo(rig, record as QuarantineRecord);

  const stretches: unknown[][] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page = await readQuarantine(rig.deps, { ...ref, offset, limit: 100 }, anySignal);
    stretches.push(page.rows.map((row) => row["id"]));
    offset = page.nextOffset;
  }

  expect(stretches).toEqual([["a", "b"], ["c"]]);
});

test("a replay that is killed at any effect ends as one that was not", { timeout: 120_000 }, async () => {
  await using rig = await connected();
  await refused(rig, ["p2"], { profiles: [profiles(2, 3)] });
  const [record] = await quarantine(rig);
  const ref = refTo(rig, record as QuarantineRecord);

  const asked = () =>
    rig.sync("profiles", "replay").then(
      (sync) => sync.replays ?? 0,
      () => 0,
    );

  for (let killAt = 0; ; killAt += 1) {
    const before = await asked();
    rig.server.tables.profiles.delete("p2");
    const doomed = rig.process({ killAt });
    await replayRows(doomed.deps, ref, anySignal).catch(() => undefined);
    await doomed.settled();
    const heir = rig.process();
    await takeUpAll(heir.deps);
    await startDueSyncs(heir.deps, { accountId: rig.accountId }, anySignal);
    await heir.settled();
    const isAskedFor = (await asked()) > before;
    expect(rig.server.tables.profiles.has("p2"), doomed.kills.points.at(-1)).toBe(isAskedFor);
    if (isAskedFor) {
      const sync = await rig.sync("profiles", "replay");
      expect(sync).toMatchObject({ runId: null, lastError: null, watermark: { file: sync.replays } });
    }
    if (!doomed.kills.isDead) break;
  }
});
