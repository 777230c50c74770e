import { expect, test } from "vitest";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweep } from "../../lib/flows/dispatch/sweep.ts";
import { listedRuns } from "../../lib/flows/store/runs.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { dayMs, hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";

test("the sweep takes up a run whose process died, and a day later removes what the run left", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  rig.clock.wind(hourMs);
  const doomed = rig.process({ killAt: 20 });
  await startDueSyncs(doomed.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
  await doomed.settled();
  const stuck = (await listedRuns(rig.deps.table, "open-runs")).length;

  await sweep(rig.deps, {}, anySignal);
  await rig.settled();
  const planned = await rig.deps.files.list(`plan/${rig.accountId}/`);
  rig.clock.wind(dayMs);
  await sweep(rig.deps, {}, anySignal);

  expect(stuck).toBe(1);
  expect(rig.server.tables.profiles.size).toBe(4);
  expect(planned.length).toBeGreaterThan(0);
  expect(await rig.deps.files.list(`plan/${rig.accountId}/`)).toEqual([]);
  expect(await listedRuns(rig.deps.table, "closed-runs")).toEqual([]);
  expect(rig.events.filter((event) => event.event === "sweep-failed-in-part")).toEqual([]);
});

test("staging that could not be removed at the end of a run goes with a later sweep", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  let commits = 0;
  rig.server.mischief.onCommit = () => {
    commits += 1;
    rig.server.mischief.onAnswer = () => {
      rig.server.mischief.onOpen = () => {
        throw new SyncError("HOST_UNREACHABLE");
      };
    };
  };

  await rig.tick();
  const left = rig.server.staged.size;
  rig.server.mischief = {};
  await sweep(rig.deps, {}, anySignal);

  expect(commits).toBe(1);
  expect(left).toBe(1);
  expect(rig.server.staged.size).toBe(0);
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ runId: null, lastError: null });
});

test("a run that always fails keeps its one error per try, and what was staged goes when it gives up", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  rig.server.mischief.onCommit = () => {
    throw new SyncError("PERMISSION_DENIED");
  };

  await rig.tick();
  await rig.tick();

  expect(await rig.sync("profiles", "periodic")).toMatchObject({
    lastError: { code: "PERMISSION_DENIED" },
    runId: null,
  });
  expect((await rig.sync("profiles", "periodic")).failedAt).not.toBeNull();
  expect(rig.server.staged.size).toBe(0);
});
