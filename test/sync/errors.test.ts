import { describe, expect, test } from "vitest";
import { accountPartition } from "../../lib/flows/store/keys.ts";
import { getSync } from "../../lib/flows/sync/get-sync.ts";
import { listErrors } from "../../lib/flows/sync/list-errors.ts";
import { listRuns } from "../../lib/flows/sync/list-runs.ts";
import { reenableSync } from "../../lib/flows/sync/reenable-sync.ts";
import { retrySync } from "../../lib/flows/sync/retry-sync.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

/** A rig whose historical syncs are through and whose profiles have one file of four rows waiting. */
async function rigWithNews(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
  return rig;
}

async function shown(rig: SyncRig) {
  const { id } = await rig.sync("profiles", "periodic");
  return (await getSync(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal)).shown;
}

async function errorsOf(rig: SyncRig) {
  const { id } = await rig.sync("profiles", "periodic");
  return (await listErrors(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal)).items;
}

describe("a login that is refused", () => {
  test("is errored at the first tick, failed at the second, and goes on once the check passes", async () => {
    await using rig = await rigWithNews();
    rig.server.mischief.onOpen = () => {
      throw new SyncError("AUTH_FAILED", { vendorCode: "28P01", externalMessage: "password mismatch" });
    };

    await rig.tick();
    const first = await shown(rig);
    await rig.tick();
    const second = await shown(rig);
    rig.server.mischief = {};
    const { id } = await rig.sync("profiles", "periodic");
    await reenableSync(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal);
    await rig.settled();

    expect(first).toMatchObject({ status: "Errored", actions: ["pause", "retry"], error: { code: "AUTH_FAILED" } });
    expect(second).toMatchObject({ status: "Failed", actions: ["re-enable"], nextRunAt: null });
    expect(await shown(rig)).toMatchObject({ status: "Scheduled", error: null });
    expect(rig.server.tables.profiles.size).toBe(4);
    const errors = await errorsOf(rig);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ vendorCode: "28P01", externalMessage: "password mismatch", step: "plan" });
    expect(errors[0]?.fix).toContain("password");
  });
});

describe("a warehouse that cannot be reached", () => {
  test("is tried at every tick for 72 hours, and then fails", async () => {
    await using rig = await rigWithNews();
    rig.server.mischief.onOpen = () => {
      throw new SyncError("HOST_UNREACHABLE");
    };

    await rig.tick();
    const early = await shown(rig);
    rig.clock.wind(70 * hourMs);
    await rig.tick();
    const late = await shown(rig);
    rig.clock.wind(hourMs);
    await rig.tick();

    expect(early.status).toBe("Errored");
    expect(late.status).toBe("Errored");
    expect((await shown(rig)).status).toBe("Failed");
  });

  test("goes on at the first tick at which it is back, with the same run", async () => {
    await using rig = await rigWithNews();
    rig.server.mischief.onOpen = () => {
      throw new SyncError("HOST_UNREACHABLE");
    };
    await rig.tick();
    const { runId } = await rig.sync("profiles", "periodic");
    rig.server.mischief = {};

    await rig.tick();

    const { id } = await rig.sync("profiles", "periodic");
    const runs = await listRuns(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal);
    expect(runs.items[0]).toMatchObject({ id: runId, state: "completed", attempt: 2 });
    expect(await shown(rig)).toMatchObject({ status: "Scheduled", error: null, since: null });
  });

  test("is tried at once when a user says so", async () => {
    await using rig = await rigWithNews();
    rig.server.mischief.onOpen = () => {
      throw new SyncError("HOST_UNREACHABLE");
    };
    await rig.tick();
    rig.server.mischief = {};
    const { id } = await rig.sync("profiles", "periodic");

    await retrySync(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal);
    await rig.settled();

    expect(rig.server.tables.profiles.size).toBe(4);
  });
});

describe("receipts", () => {
  test("of runs that a restored table has forgotten fail the sync: their positions stand for other rows now", async () => {
    await using rig = await rigWithNews();
    const before = (await rig.deps.table.query({ pk: accountPartition(rig.accountId), limit: 1_000 })).items;
    await rig.tick();
    const { watermark } = await rig.sync("profiles", "periodic");
    const after = (await rig.deps.table.query({ pk: accountPartition(rig.accountId), limit: 1_000 })).items;
    for (const item of after) await rig.deps.table.delete(item);
    for (const item of before) await rig.deps.table.put(item);

    await rig.tick();

    expect(await shown(rig)).toMatchObject({ status: "Failed", error: { code: "RECEIPT_UNKNOWN" } });
    expect((await rig.sync("profiles", "periodic")).watermark).not.toEqual(watermark);
  });

  test("that are gone fail the sync, and no check mends it", async () => {
    await using rig = await rigWithNews();
    await rig.tick();
    rig.server.receipts.length = 0;
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });

    await rig.tick();

    expect(await shown(rig)).toMatchObject({ status: "Failed", error: { code: "RECEIPT_GONE" } });
    const { id } = await rig.sync("profiles", "periodic");
    const ref = { accountId: rig.accountId, syncId: id };
    await expect(reenableSync(rig.deps, ref, anySignal)).rejects.toMatchObject({ code: "STATE_CONFLICT" });
  });

  test("that do not show hold the watermark, whatever the warehouse says", async () => {
    await using rig = await rigWithNews();
    const before = (await rig.sync("profiles", "periodic")).watermark;
    rig.server.mischief.lies = true;

    await rig.tick();

    expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: before });
    expect(await shown(rig)).toMatchObject({ status: "Errored", error: { code: "INVARIANT_BROKEN" } });
  });
});

describe("a commit that takes too long", () => {
  test("is halved until it fits, and the full size comes back after ten good batches", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
    await rig.connect();
    rig.server.limits = { ...rig.server.limits, batchFilesMax: 4 };
    const files = Array.from({ length: 15 }, (_, index) => profiles(index + 1, index + 1));
    await publishChanges(rig.deps, rig.accountId, { profiles: files });
    const sizes: number[] = [];
    let good = 0;
    rig.server.mischief.onCommit = (batch) => {
      sizes.push(batch.files.length);
      if (batch.files.length > 1 && good < 10) throw new SyncError("TIMEOUT");
      good += 1;
    };

    await rig.tick();

    expect(sizes).toEqual([4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 1]);
    expect(await rig.sync("profiles", "periodic")).toMatchObject({ lastError: null, filesPerBatch: null });
    expect(rig.server.tables.profiles.size).toBe(15);
  });
});

describe("a statement that goes on by itself", () => {
  test("is polled by its token, which outlives the process that sent it", async () => {
    await using rig = await rigWithNews();
    rig.server.mischief.pollsNeeded = 4;

    await rig.tick();

    expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: null });
    expect(rig.server.running.size).toBe(1);
    expect(rig.server.rowsMerged).toBe(5);
  });
});

describe("staging that somebody emptied", () => {
  test("is made good by staging again", async () => {
    await using rig = await rigWithNews();
    let commits = 0;
    rig.server.mischief.onCommit = () => {
      commits += 1;
      if (commits === 1) rig.server.staged.clear();
    };

    await rig.tick();

    expect(await shown(rig)).toMatchObject({ status: "Scheduled", error: null });
    expect(rig.server.tables.profiles.size).toBe(4);
  });
});
