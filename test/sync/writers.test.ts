import { expect, test } from "vitest";
import { dispatchAccount } from "../../lib/flows/dispatch/dispatch-account.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweepRuns } from "../../lib/flows/dispatch/sweep-runs.ts";
import { listRuns } from "../../lib/flows/sync/list-runs.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { historyEventsMax, payloadBytesAllowed } from "../support/history-meter.ts";
import { syncRig, takeUpAll } from "../support/sync-rig.ts";

test("three triggers at once start one run of each sync", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  rig.clock.wind(hourMs);

  const triggers = [1, 2, 3].map(() => startDueSyncs(rig.deps, { accountId: rig.accountId }, anySignal));
  const started = await Promise.all(triggers);
  await rig.settled();

  expect(started.reduce((sum, answer) => sum + answer.started, 0)).toBe(1);
  const ref = { accountId: rig.accountId, syncId: (await rig.sync("profiles", "periodic")).id };
  expect((await listRuns(rig.deps, ref, anySignal)).items).toHaveLength(1);
});

test("an hour that comes while the last run is at work is taken along by the next", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  rig.server.mischief.onCommit = async () => {
    rig.server.mischief = {};
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(5, 6)] });
    await dispatchAccount(rig.deps, { accountId: rig.accountId, isNow: true }, anySignal);
  };

  await rig.tick();
  const between = await rig.sync("profiles", "periodic");
  await rig.tick();

  expect(between).toMatchObject({ runId: null, watermark: { seq: 2, file: 1 } });
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 3, file: 1 } });
  expect(rig.server.tables.profiles.size).toBe(6);
});

test("an attempt that was taken for dead and comes back can neither commit nor move the watermark", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  const gate = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  rig.server.mischief.onCommit = async () => {
    rig.server.mischief = {};
    stuck.resolve();
    await gate.promise;
  };
  rig.clock.wind(hourMs);
  const zombie = rig.process();
  await startDueSyncs(zombie.deps, { accountId: rig.accountId }, anySignal);
  await stuck.promise;

  const heir = rig.process();
  await takeUpAll(heir.deps);
  await heir.settled();
  const after = await rig.sync("profiles", "periodic");
  gate.resolve();
  await zombie.settled();

  expect(after).toMatchObject({ runId: null, watermark: { seq: 2, file: 1 }, rowsSent: 4 });
  expect(await rig.sync("profiles", "periodic")).toEqual(after);
  expect(rig.server.receipts.filter((receipt) => receipt.syncId === after.id)).toHaveLength(1);
  expect(rig.server.rowsMerged).toBe(1 + 4);
});

test("historical and periodic syncs of one table never write at once, and the boundary rows arrive once", async () => {
  await using rig = await syncRig();
  rig.server.limits = { ...rig.server.limits, batchFilesMax: 1 };
  const files = Array.from({ length: 10 }, (_, index) => profiles(index + 1, index + 1, { title: "old" }));
  await publishChanges(rig.deps, rig.accountId, { profiles: files });
  let [writers, writersMax] = [0, 0];
  let isPublished = false;
  const order: string[] = [];
  rig.server.mischief.onCommit = async (batch) => {
    writers += 1;
    writersMax = Math.max(writersMax, writers);
    order.push(batch.syncId.split("-").at(-1) ?? "");
    if (!isPublished) {
      isPublished = true;
      await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(5, 12, { title: "new" })] });
      await dispatchAccount(rig.deps, { accountId: rig.accountId, isNow: true }, anySignal);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    writers -= 1;
  };

  await rig.connect();
  await rig.settled();

  expect(writersMax).toBe(1);
  // The periodic batch did not have to wait for the end of the historical ones.
  expect(order.indexOf("periodic")).toBeGreaterThan(-1);
  expect(order.indexOf("periodic")).toBeLessThan(order.length - 1);
  const titles = [...rig.server.tables.profiles.values()].map((row) => [row["id"], row["title"]]);
  expect(titles).toHaveLength(12);
  for (const [id, title] of titles) expect(title).toBe(Number(String(id).slice(1)) >= 5 ? "new" : "old");
  const fences = rig.server.receipts.map((receipt) => receipt.fence);
  expect(fences).toEqual([...fences].sort((a, b) => a - b));
});

test("a long run hands over to a fresh execution after a hundred batches", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  rig.server.limits = { ...rig.server.limits, batchFilesMax: 1 };
  const files = Array.from({ length: 130 }, (_, index) => profiles(index + 1, index + 1));
  await publishChanges(rig.deps, rig.accountId, { profiles: files });

  await rig.tick();

  const sync = await rig.sync("profiles", "periodic");
  expect(sync).toMatchObject({ watermark: { seq: 2, file: 130 }, lastError: null, runId: null });
  const { items } = await listRuns(rig.deps, { accountId: rig.accountId, syncId: sync.id }, anySignal);
  expect(items[0]).toMatchObject({ attempt: 2, state: "completed", error: null });
  expect(rig.meter.eventsMax).toBeLessThan(historyEventsMax);
  expect(rig.meter.bytesMax).toBeLessThan(payloadBytesAllowed);
});

test("a run that kills its process again and again fails instead of being taken up for ever", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  rig.clock.wind(hourMs);

  for (let death = 0; death < 10; death += 1) {
    const doomed = rig.process({ killAt: death === 0 ? 12 : 8 });
    await startDueSyncs(doomed.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
    await sweepRuns(doomed.deps, anySignal).catch(() => undefined);
    await doomed.settled();
  }

  expect(await rig.sync("profiles", "periodic")).toMatchObject({ lastError: { code: "WORKFLOW_DIED" } });
});
