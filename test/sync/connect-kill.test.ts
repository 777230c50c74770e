import { expect, test } from "vitest";
import { createConnection } from "../../lib/flows/connections/create-connection.ts";
import { removeConnection } from "../../lib/flows/connections/remove-connection.ts";
import { sweepConnections } from "../../lib/flows/connections/sweep-connections.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweepRuns } from "../../lib/flows/dispatch/sweep-runs.ts";
import { connectionsOf } from "../../lib/flows/store/connections.ts";
import { syncsOf } from "../../lib/flows/store/syncs.ts";
import { anySignal } from "../support/account-rig.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { type SyncProcess, type SyncRig, syncRig } from "../support/sync-rig.ts";

function connect(rig: SyncRig, process: SyncProcess, requestId: string) {
  return createConnection(
    process.deps,
    {
      accountId: rig.accountId,
      kind: "memory",
      settings: { host: "memory", password: "right" },
      tablePrefix: "klaviyo_",
      selection: {},
      requestId,
    },
    anySignal,
  );
}

test("a connection that is killed at any effect of its first hour is enabled and filled all the same, and removed without a trace", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 3)], events: [events(1, 4)] });
  const names: string[] = [];

  for (let killAt = 0; ; killAt += 1) {
    const doomed = rig.process({ killAt });
    await connect(rig, doomed, `try ${killAt}`).catch(() => undefined);
    await doomed.settled();
    const heir = rig.process();
    const { id } = await connect(rig, heir, `try ${killAt}`);
    await sweepConnections(heir.deps);
    await heir.settled();
    await sweepRuns(heir.deps, anySignal);
    await startDueSyncs(heir.deps, { accountId: rig.accountId }, anySignal);
    await heir.settled();

    const connection = (await connectionsOf(heir.deps.table, rig.accountId)).find((each) => each.id === id);
    expect(connection).toMatchObject({ state: "enabled", check: null });
    const syncs = await syncsOf(heir.deps.table, rig.accountId, id);
    expect(syncs).toHaveLength(4);
    for (const sync of syncs.filter((each) => each.mode === "historical")) {
      expect(sync).toMatchObject({ runId: null, lastError: null });
      expect(sync.completedAt).not.toBeNull();
    }
    expect(rig.server.tables.profiles.size).toBe(3);
    expect(rig.server.tables.events.size).toBe(4);
    names.push(doomed.kills.points.at(-1) ?? "");
    if (!doomed.kills.isDead) break;
    await removeKilled(rig, id, killAt);
  }

  expect(names.length).toBeGreaterThan(60);
});

/** Removes the connection, killed at an effect of that as well. */
async function removeKilled(rig: SyncRig, id: Awaited<ReturnType<typeof createConnection>>["id"], killAt: number) {
  const ref = { accountId: rig.accountId, connectionId: id };
  const doomed = rig.process({ killAt: killAt % 20 });
  await removeConnection(doomed.deps, ref, anySignal).catch(() => undefined);
  const heir = rig.process();
  await removeConnection(heir.deps, ref, anySignal);
  await sweepConnections(heir.deps);

  const connection = (await connectionsOf(heir.deps.table, rig.accountId)).find((each) => each.id === id);
  expect(connection).toMatchObject({ state: "removed", secretRef: "", retiredSecretRefs: [] });
  await expect(heir.deps.secrets.get(`connection/${rig.accountId}/${id}/1`)).rejects.toThrow();
}
