import { describe, expect, test } from "vitest";
import type { createConnection } from "../../lib/flows/connections/create-connection.ts";
import { disableConnection } from "../../lib/flows/connections/disable-connection.ts";
import { enableConnection } from "../../lib/flows/connections/enable-connection.ts";
import { getConnection } from "../../lib/flows/connections/get-connection.ts";
import { listConnections } from "../../lib/flows/connections/list-connections.ts";
import { removeConnection } from "../../lib/flows/connections/remove-connection.ts";
import { retryConnection } from "../../lib/flows/connections/retry-connection.ts";
import { setupScript } from "../../lib/flows/connections/setup-script.ts";
import { sweepConnections } from "../../lib/flows/connections/sweep-connections.ts";
import { updateCredentials } from "../../lib/flows/connections/update-credentials.ts";
import { syncsOf } from "../../lib/flows/store/syncs.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

async function stateOf(rig: SyncRig, connectionId: Awaited<ReturnType<typeof createConnection>>["id"]) {
  return (await getConnection(rig.deps, { accountId: rig.accountId, connectionId }, anySignal)).connection;
}

describe("a new connection", () => {
  test("that cannot log in is unable to connect, with the step and the fix, and has no syncs", async () => {
    await using rig = await syncRig();

    const { id } = await rig.connect({ settings: { host: "memory", password: "wrong" } });

    const connection = await stateOf(rig, id);
    expect(connection).toMatchObject({ state: "unable to connect", everEnabled: false, check: null });
    expect(connection.checkSteps).toMatchObject([{ ok: false, errorCode: "AUTH_FAILED" }]);
    expect(connection.checkSteps[0]?.fix).toContain("password");
    expect(await syncsOf(rig.deps.table, rig.accountId, id)).toEqual([]);
  });

  test("is enabled once better credentials pass, and the worse ones are gone", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    const { id, secretRef } = await rig.connect({ settings: { host: "memory", password: "wrong" } });
    const ref = { accountId: rig.accountId, connectionId: id };

    await updateCredentials(rig.deps, { ...ref, settings: { password: "right" } }, anySignal);
    await rig.settled();

    expect(await stateOf(rig, id)).toMatchObject({ state: "enabled", settings: { host: "memory" } });
    expect(rig.server.tables.profiles.size).toBe(2);
    await expect(rig.deps.secrets.get(secretRef)).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
  });

  test("names its tables as the installation does, unless it brings a prefix of its own", async () => {
    await using rig = await syncRig(1, { tablePrefix: "acme_" });

    const usual = await rig.connect();
    await removeConnection(rig.deps, { accountId: rig.accountId, connectionId: usual.id }, anySignal);
    const own = await rig.connect({ tablePrefix: "own_" });

    expect([usual.tablePrefix, own.tablePrefix]).toEqual(["acme_", "own_"]);
  });

  test("keeps its secret out of every record, answer and log line", async () => {
    await using rig = await syncRig();
    const canary = "canary-7f3a";
    const { id } = await rig.connect({ settings: { host: "memory", password: canary } });

    const cards = await listConnections(rig.deps, { accountId: rig.accountId }, anySignal);

    const script = await setupScript(rig.deps, { accountId: rig.accountId, connectionId: id }, anySignal);
    expect(JSON.stringify([cards, rig.events, script])).not.toContain(canary);
  });

  test.each([
    ["a field is missing", { host: "memory" }, "password"],
    ["a field is not one of the kind's", { host: "memory", password: "x", sslmode: "no" }, "sslmode"],
    ["a field has the wrong type", { host: 5, password: "x" }, "host"],
  ])("is refused where %s, by its name", async (_why, settings, field) => {
    await using rig = await syncRig();

    const refusal = await rig.connect({ settings }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: "SETTINGS_INVALID", message: expect.stringContaining(field) });
  });

  test("is refused beside an active one, and taken once that is removed", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();

    await expect(rig.connect()).rejects.toMatchObject({ code: "STATE_CONFLICT" });
    await removeConnection(rig.deps, { accountId: rig.accountId, connectionId: id }, anySignal);

    const second = await rig.connect();
    expect(second.state).toBe("checking");
  });

  test("over the tables of an earlier one writes with higher fences", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    const { id } = await rig.connect();
    await removeConnection(rig.deps, { accountId: rig.accountId, connectionId: id }, anySignal);
    rig.server.fences.set("profiles", rig.clock.now() + 1_000_000);

    await rig.connect();

    expect((await rig.sync("profiles", "historical")).completedAt).not.toBeNull();
  });

  test("over tables that a later state of this log has written is refused", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    const { id } = await rig.connect();
    await removeConnection(rig.deps, { accountId: rig.accountId, connectionId: id }, anySignal);
    const [receipt] = rig.server.receipts;
    if (receipt !== undefined) rig.server.receipts.push({ ...receipt, last: { seq: 9, file: 1 } });

    const second = await rig.connect();

    const connection = await stateOf(rig, second.id);
    expect(connection.state).toBe("unable to connect");
    expect(connection.checkSteps.at(-1)).toMatchObject({ step: "receipts", errorCode: "FOREIGN_RECEIPTS" });
  });
});

describe("an enabled connection", () => {
  test("keeps its credentials in use while worse ones fail their check", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId: id };

    await updateCredentials(rig.deps, { ...ref, settings: { password: "wrong" } }, anySignal);
    await rig.settled();

    const connection = await stateOf(rig, id);
    expect(connection).toMatchObject({ state: "enabled", check: null, retiredSecretRefs: [] });
    expect(connection.checkSteps.at(-1)).toMatchObject({ errorCode: "AUTH_FAILED" });
    expect(JSON.parse(await rig.deps.secrets.get(connection.secretRef))).toEqual({ password: "right" });
  });

  test("does not change what names its target", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();
    const request = { accountId: rig.accountId, connectionId: id, settings: { host: "elsewhere" } };

    await expect(updateCredentials(rig.deps, request, anySignal)).rejects.toMatchObject({ code: "STATE_CONFLICT" });
  });

  test("takes one check at a time", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId: id };

    const both = await Promise.allSettled([
      retryConnection(rig.deps, ref, anySignal),
      retryConnection(rig.deps, ref, anySignal),
    ]);
    await rig.settled();

    expect(both.map((each) => each.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await stateOf(rig, id)).toMatchObject({ state: "enabled", check: null });
  });

  test("can be disabled and enabled again, the second through its check", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId: id };

    await disableConnection(rig.deps, ref, anySignal);
    const disabled = await stateOf(rig, id);
    rig.server.mischief.onOpen = () => {
      throw new SyncError("HOST_UNREACHABLE");
    };
    await enableConnection(rig.deps, ref, anySignal);
    await rig.settled();
    const refused = await stateOf(rig, id);
    rig.server.mischief = {};
    await enableConnection(rig.deps, ref, anySignal);
    await rig.settled();

    expect([disabled.state, refused.state, (await stateOf(rig, id)).state]).toEqual([
      "disabled",
      "disabled",
      "enabled",
    ]);
  });

  test("that is removed keeps its secret until the statement at work has ended", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
    const { id } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId: id };
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    const during: string[] = [];
    rig.server.mischief.onCommit = async () => {
      const removed = await removeConnection(rig.deps, ref, anySignal);
      during.push(removed.state, removed.secretRef);
    };

    await rig.tick();
    await sweepConnections(rig.deps);

    expect(during[0]).toBe("removed");
    expect(during[1]).not.toBe("");
    expect(await stateOf(rig, id)).toMatchObject({ secretRef: "", retiredSecretRefs: [] });
    expect(rig.server.tables.profiles.size).toBe(2);
  });
});

describe("a connection of another account", () => {
  test("does not exist here", async () => {
    await using rig = await syncRig();
    const { id } = await rig.connect();
    const ref = { accountId: "ac00000000000000" as typeof rig.accountId, connectionId: id };

    await expect(getConnection(rig.deps, ref, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(removeConnection(rig.deps, ref, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
