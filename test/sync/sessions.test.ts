import { expect, test } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";

test("every session with the warehouse is closed again, whether its work went well or not", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)], events: [events(1, 2)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)], events: [events(3, 4)] });
  let commits = 0;
  rig.server.mischief.onCommit = () => {
    commits += 1;
    if (commits % 2 === 1) throw new SyncError("CONNECTION_LOST");
  };

  await rig.tick();
  await rig.tick();

  expect(commits).toBeGreaterThan(3);
  expect(rig.server.opened).toBeGreaterThan(5);
  expect(rig.server.closed).toBe(rig.server.opened);
});
