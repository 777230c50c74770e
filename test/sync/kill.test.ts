import { expect, test } from "vitest";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { outstandingCommit, stagedFiles } from "../../lib/flows/store/runs.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { eventRow } from "../support/change-files.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { tilingFaults } from "../support/receipts.ts";
import { type SyncRig, syncRig, takeUpAll } from "../support/sync-rig.ts";

const metric = {
  id: "m1",
  name: "Placed Order",
  integrationId: null,
  integrationName: null,
  integrationCategory: null,
};

/** Three files of profiles and two of events: two batches and one. */
async function publishHour(rig: SyncRig, hour: number): Promise<void> {
  const now = rig.clock.now();
  await publishChanges(rig.deps, rig.accountId, {
    profiles: [profiles(1, 3, { title: `hour ${hour}` }), profiles(4, 5), profiles(6, 8)],
    events: [[eventRow(`e${hour}-1`, 0)], [eventRow(`e${hour}-2`, 0), eventRow(`e${hour}-3`, 0)]],
    metrics: [{ ...metric, createdAt: now, updatedAt: now, seq: 1 }],
  });
}

async function expectWholeHour(rig: SyncRig, hour: number, rows: { before: number }): Promise<void> {
  for (const object of ["profiles", "events"] as const) {
    const sync = await rig.sync(object, "periodic");
    const files = object === "profiles" ? 3 : 2;
    expect(sync).toMatchObject({ runId: null, watermark: { seq: hour + 1, file: files }, lastError: null });
    const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
    expect(tilingFaults({ seq: 1, file: 1 }, receipts, (seq) => (seq === 1 ? 1 : files))).toEqual([]);
    const outstanding = await outstandingCommit(rig.deps.table, rig.accountId, sync.connectionId, object);
    expect(outstanding).toBeUndefined();
  }
  expect(rig.server.tables.profiles.get("p1")).toMatchObject({ title: `hour ${hour}`, _seq: String(hour + 1) });
  expect(rig.server.tables.events.size).toBe(hour * 3 + 1);
  expect(rig.server.rowsMerged - rows.before).toBeLessThanOrEqual(8 + 3 + hour);
}

// Some hundred runs, each killed a little later than the one before.
test("a run that is killed at any effect ends as one that was not", { timeout: 180_000 }, async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)], events: [events(1, 1)] });
  await rig.connect();
  const names: string[] = [];

  for (let killAt = 0; ; killAt += 1) {
    const before = rig.server.rowsMerged;
    await publishHour(rig, killAt + 1);
    rig.clock.wind(hourMs);
    const doomed = rig.process({ killAt });
    await startDueSyncs(doomed.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
    await doomed.settled();
    const heir = rig.process();
    await takeUpAll(heir.deps);
    await startDueSyncs(heir.deps, { accountId: rig.accountId }, anySignal);
    await heir.settled();

    await expectWholeHour(rig, killAt + 1, { before });
    names.push(doomed.kills.points.at(-1) ?? "");
    if (!doomed.kills.isDead) break;
  }

  expect(names.length).toBeGreaterThan(80);
  expect(names.some((name) => name.startsWith("warehouse.commit") && name.endsWith("after"))).toBe(true);
  expect(names.some((name) => name.startsWith("warehouse.stage") && name.endsWith("before"))).toBe(true);
});

test("a commit whose answer is lost is found by its receipt and not repeated", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  let answers = 0;
  rig.server.mischief.onAnswer = () => {
    answers += 1;
    if (answers === 1) throw new Error("the line broke after COMMIT");
  };

  await rig.tick();

  const sync = await rig.sync("profiles", "periodic");
  expect(sync).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: null, rowsSent: 4 });
  expect(rig.server.receipts.filter((receipt) => receipt.syncId === sync.id)).toHaveLength(1);
  expect(rig.server.rowsMerged).toBe(1 + 4);
  expect(await stagedFiles(rig.deps.table, rig.accountId, rig.server.receipts.at(-1)?.planId ?? ("" as never))).toEqual(
    [],
  );
});
