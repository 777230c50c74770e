import { describe, expect, test } from "vitest";
import { adoptConnection } from "../../lib/flows/connections/adopt-connection.ts";
import { getConnection } from "../../lib/flows/connections/get-connection.ts";
import { sweepConnections } from "../../lib/flows/connections/sweep-connections.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { listReceipts } from "../../lib/flows/sync/list-receipts.ts";
import type { LogId } from "../../lib/model/ids.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profileRow } from "../support/change-files.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { tilingFaults } from "../support/receipts.ts";
import { type SyncRig, syncRig, takeUpAll } from "../support/sync-rig.ts";

async function connected(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 3)], events: [events(1, 2)] });
  await rig.connect();
  return rig;
}

async function refOf(rig: SyncRig) {
  const { connectionId } = await rig.sync("profiles", "periodic");
  return { accountId: rig.accountId, connectionId };
}

/** A later time of our own log, of which our table knows nothing: it was set back. */
function bringUnknownTime(rig: SyncRig): void {
  const [latest] = rig.server.receipts.filter((receipt) => receipt.syncId.endsWith("profiles-periodic")).slice(-1);
  if (latest === undefined) throw new TypeError("nothing was synced yet");
  const last = { seq: latest.last.seq + 40, file: 1 };
  rig.server.receipts.push({ ...latest, planId: "rn-forgotten" as never, first: last, last });
  rig.server.tables.profiles.set("p1", { id: "p1", title: "of a time that we forgot", _seq: String(last.seq) });
}

async function publishNext(rig: SyncRig, title: string): Promise<void> {
  await publishChanges(rig.deps, rig.accountId, { profiles: [[profileRow("p1", 0, { title })]] });
}

/** What the warehouse shows of a sync, as our log counts it. */
async function expectTiled(rig: SyncRig, mode: "historical" | "periodic", after: { seq: number; file: number }) {
  const { id: syncId, watermark } = await rig.sync("profiles", mode);
  const { receipts, skips } = await listReceipts(rig.deps, { accountId: rig.accountId, syncId }, anySignal);
  const pieces = [...receipts, ...skips];
  expect(tilingFaults(after, pieces, () => 1)).toEqual([]);
  if (pieces.length > 0) expect(watermark).toEqual(receipts.at(-1)?.last);
}

describe("tables of another log", () => {
  test("are refused, and adopted when told to: ours come above, theirs stay, and they are shut out", async () => {
    await using rig = await syncRig();
    const { server } = rig;
    const fence = rig.clock.now() * 2;
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2, { title: "ours" })] });
    for (const object of ["profiles", "events"] as const) {
      server.logs.set(object === "profiles" ? "klaviyo_profile" : "klaviyo_event", "lg-theirs");
      server.fences.set(object, fence);
    }
    server.tables.profiles.set("p1", { id: "p1", title: "theirs", _seq: "900" });
    server.tables.profiles.set("x", { id: "x", title: "theirs", _seq: "7" });
    const at = { seq: 900, file: 1 };
    const counts = { rowsStaged: 1, rowsInserted: 1, rowsUpdated: 0, rowsQuarantined: 0 };
    const owner = { logId: "lg-theirs" as LogId, syncId: "theirs" as never, planId: "rn-theirs" as never };
    server.receipts.push({
      ...{ ...owner, ...counts, targetTable: "klaviyo_profile", first: at, last: at, fence },
      committedAt: rig.clock.now(),
    });
    const { id: connectionId } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId };
    const before = (await getConnection(rig.deps, ref, anySignal)).connection;

    await adoptConnection(rig.deps, ref, anySignal);
    await rig.settled();
    await publishNext(rig, "ours, later");
    await rig.tick();

    const { connection } = await getConnection(rig.deps, ref, anySignal);
    expect(before).toMatchObject({ state: "unable to connect", everEnabled: false });
    expect(before.checkSteps.at(-1)?.fix).toContain("connection adopt");
    expect(connection).toMatchObject({ state: "enabled", check: null });
    expect(server.tables.profiles.get("p1")).toMatchObject({ title: "ours, later" });
    expect(Number(server.tables.profiles.get("p1")?.["_seq"])).toBeGreaterThan(900);
    expect([...server.tables.profiles.keys()].sort()).toEqual(["p1", "p2", "x"]);
    expect(server.logs.get("klaviyo_profile")).not.toBe("lg-theirs");
    expect(await rig.sync("profiles", "periodic")).toMatchObject({ lastError: null, watermark: { seq: 2, file: 1 } });
    await expectTiled(rig, "historical", { seq: 0, file: 0 });
    await expectTiled(rig, "periodic", { seq: 1, file: 1 });
  });
});

describe("a place in the warehouse that was lost", () => {
  test("to receipts of a time that we forgot is found again above them, and our rows win", async () => {
    await using rig = await connected();
    await publishNext(rig, "before");
    await rig.tick();
    bringUnknownTime(rig);
    await publishNext(rig, "after");
    await rig.tick();
    const failed = await rig.sync("profiles", "periodic");

    await adoptConnection(rig.deps, await refOf(rig), anySignal);
    await rig.settled();
    const restarted = rig.server.tables.profiles.get("p1");
    await publishNext(rig, "next");
    await rig.tick();

    expect(failed).toMatchObject({ lastError: { code: "RECEIPT_UNKNOWN" } });
    expect(failed.failedAt).not.toBeNull();
    expect(restarted).toMatchObject({ title: "after" });
    expect(rig.server.tables.profiles.get("p1")).toMatchObject({ title: "next" });
    expect(await rig.sync("profiles", "periodic")).toMatchObject({ failedAt: null, lastError: null });
    await expectTiled(rig, "periodic", { seq: 3, file: 1 });
  });

  test("with the tables themselves is found again: all of it is sent once more", async () => {
    await using rig = await connected();
    await publishNext(rig, "before");
    await rig.tick();
    rig.server.receipts.length = 0;
    rig.server.tables.profiles.clear();
    rig.server.tables.events.clear();
    await publishNext(rig, "after");
    await rig.tick();
    const failed = await rig.sync("profiles", "periodic");

    await adoptConnection(rig.deps, await refOf(rig), anySignal);
    await rig.settled();

    expect(failed).toMatchObject({ lastError: { code: "RECEIPT_GONE" } });
    expect([rig.server.tables.profiles.size, rig.server.tables.events.size]).toEqual([3, 2]);
    expect(rig.server.tables.profiles.get("p1")).toMatchObject({ title: "after" });
    for (const object of ["profiles", "events"] as const)
      for (const mode of ["historical", "periodic"] as const)
        expect(await rig.sync(object, mode)).toMatchObject({ failedAt: null, lastError: null, disabledAt: null });
  });
});

test("nothing is adopted where no receipt was found that is not ours", async () => {
  await using rig = await connected();

  const adopted = adoptConnection(rig.deps, await refOf(rig), anySignal);

  await expect(adopted).rejects.toMatchObject({ code: "STATE_CONFLICT" });
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ disabledAt: null });
});

// Every sixth of the first sixty effects; after them come the syncs themselves, which test/sync/kill.test.ts kills.
test("adopting that is killed at any effect can be done again, and ends the same", { timeout: 180_000 }, async () => {
  for (let killAt = 0; killAt < 60; killAt += 6) {
    await using rig = await connected();
    await publishNext(rig, "before");
    await rig.tick();
    bringUnknownTime(rig);
    await publishNext(rig, "after");
    await rig.tick();
    const ref = await refOf(rig);
    const doomed = rig.process({ killAt });
    await adoptConnection(doomed.deps, ref, anySignal).catch(() => undefined);
    await doomed.settled();
    const heir = rig.process();
    await sweepConnections(heir.deps);
    await takeUpAll(heir.deps);
    await heir.settled();
    await adoptConnection(heir.deps, ref, anySignal).catch(() => undefined);
    await heir.settled();
    rig.clock.wind(hourMs);
    await startDueSyncs(heir.deps, { accountId: rig.accountId }, anySignal);
    await heir.settled();

    const label = `killed at ${doomed.kills.points.at(-1)}`;
    expect(doomed.kills.isDead, label).toBe(true);
    expect(rig.server.tables.profiles.get("p1"), label).toMatchObject({ title: "after" });
    for (const object of ["profiles", "events"] as const)
      for (const mode of ["historical", "periodic"] as const)
        expect(await rig.sync(object, mode), label).toMatchObject({
          failedAt: null,
          lastError: null,
          disabledAt: null,
        });
    await publishNext(rig, "next");
    await rig.tick();
    expect(rig.server.tables.profiles.get("p1"), label).toMatchObject({ title: "next" });
  }
});
