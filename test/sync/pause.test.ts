import { expect, test } from "vitest";
import { disableConnection } from "../../lib/flows/connections/disable-connection.ts";
import { enableConnection } from "../../lib/flows/connections/enable-connection.ts";
import { stagedFiles } from "../../lib/flows/store/runs.ts";
import { getSync } from "../../lib/flows/sync/get-sync.ts";
import { listRuns } from "../../lib/flows/sync/list-runs.ts";
import { pauseSync } from "../../lib/flows/sync/pause-sync.ts";
import { resumeSync } from "../../lib/flows/sync/resume-sync.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

/** Six files of one row wait: three batches. */
async function rigWithThreeBatches(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  const files = Array.from({ length: 6 }, (_, index) => profiles(index + 1, index + 1));
  await publishChanges(rig.deps, rig.accountId, { profiles: files });
  return rig;
}

async function refOf(rig: SyncRig) {
  return { accountId: rig.accountId, syncId: (await rig.sync("profiles", "periodic")).id };
}

test("a pause lets the batch at work end, and a resume goes on with the same plan where it stopped", async () => {
  await using rig = await rigWithThreeBatches();
  const ref = await refOf(rig);
  rig.server.mischief.onCommit = async () => {
    rig.server.mischief = {};
    await pauseSync(rig.deps, ref, anySignal);
  };

  await rig.tick();
  const paused = await getSync(rig.deps, ref, anySignal);
  await rig.tick();
  const stillPaused = await rig.sync("profiles", "periodic");
  await resumeSync(rig.deps, ref, anySignal);
  await rig.settled();

  expect(paused.shown).toMatchObject({ status: "Paused", percent: 33, actions: ["resume"], nextRunAt: null });
  expect(paused.sync.watermark).toEqual({ seq: 2, file: 2 });
  expect(stillPaused.watermark).toEqual({ seq: 2, file: 2 });
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 6 }, rowsSent: 6 });
  const { items } = await listRuns(rig.deps, ref, anySignal);
  expect(items).toMatchObject([{ id: paused.sync.runId, attempt: 2, state: "completed" }]);
  expect(await stagedFiles(rig.deps.table, rig.accountId, items[0]?.id ?? ("" as never))).toEqual([]);
});

test("a pause during a statement that is polled waits for its end", async () => {
  await using rig = await rigWithThreeBatches();
  const ref = await refOf(rig);
  rig.server.mischief = {
    pollsNeeded: 3,
    onCommit: async () => {
      await pauseSync(rig.deps, ref, anySignal);
    },
  };

  await rig.tick();

  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 2 } });
  expect(rig.server.running.size).toBe(1);
});

test("disabling a connection ends its run at the border of a batch; enabling it goes on from the watermark", async () => {
  await using rig = await rigWithThreeBatches();
  const ref = await refOf(rig);
  const { connectionId } = await rig.sync("profiles", "periodic");
  rig.server.mischief.onCommit = async () => {
    rig.server.mischief = {};
    await disableConnection(rig.deps, { accountId: rig.accountId, connectionId }, anySignal);
  };

  await rig.tick();
  const disabled = await getSync(rig.deps, ref, anySignal);
  rig.clock.wind(1_000);
  await enableConnection(rig.deps, { accountId: rig.accountId, connectionId }, anySignal);
  await rig.settled();

  expect(disabled.shown).toMatchObject({ status: "Disabled", actions: [] });
  expect(disabled.sync).toMatchObject({ watermark: { seq: 2, file: 2 }, runId: null });
  expect(rig.server.staged.size).toBe(0);
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 6 }, rowsSent: 6 });
  const { items } = await listRuns(rig.deps, ref, anySignal);
  expect(items.map((run) => run.state)).toEqual(["completed", "cancelled"]);
});
