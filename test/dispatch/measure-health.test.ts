import { describe, expect, test } from "vitest";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { measureHealth } from "../../lib/flows/dispatch/measure-health.ts";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { pauseSync } from "../../lib/flows/sync/pause-sync.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { UserId } from "../../lib/model/ids.ts";
import { hourMs, secondMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

const well = {
  freshnessSecondsMax: 0,
  watermarkLagSecondsMax: 0,
  oldestOpenImportSeconds: 0,
  syncsErrored: 0,
  syncsFailed: 0,
};

describe("the health of an installation", () => {
  test("without anything waiting is all zeros", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    await rig.connect();
    await createAccount(rig.deps, { name: "Empty Ltd" }, anySignal);

    expect(await measureHealth(rig.deps, {}, anySignal)).toEqual(well);
  });

  test("tells the age of the oldest change that a periodic sync owes", async () => {
    await using rig = await syncRig();
    await rig.connect();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    rig.clock.wind(90 * secondMs);

    const health = await measureHealth(rig.deps, {}, anySignal);

    expect(health).toEqual({ ...well, freshnessSecondsMax: 90, watermarkLagSecondsMax: 90 });
  });

  test("counts a sync that is tried again as errored, and what it owes grows older", async () => {
    await using rig = await syncRig();
    await owingWith(rig, "HOST_UNREACHABLE");
    rig.clock.wind(hourMs);

    const health = await measureHealth(rig.deps, {}, anySignal);

    expect(health).toMatchObject({ syncsErrored: 1, syncsFailed: 0 });
    expect(health.freshnessSecondsMax).toBeGreaterThanOrEqual(hourMs / secondMs);
  });

  test("counts a sync that waits for a person as failed, and its age no more", async () => {
    await using rig = await syncRig();
    await owingWith(rig, "PERMISSION_DENIED");
    await rig.tick();

    expect(await measureHealth(rig.deps, {}, anySignal)).toEqual({ ...well, syncsFailed: 1 });
  });

  test("passes over what a paused sync is behind", async () => {
    await using rig = await syncRig();
    await rig.connect();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    const { id: syncId } = await rig.sync("profiles", "periodic");
    await pauseSync(rig.deps, { accountId: rig.accountId, syncId }, anySignal);
    rig.clock.wind(hourMs);

    expect(await measureHealth(rig.deps, {}, anySignal)).toEqual(well);
  });

  test("tells the oldest upload of any account, claimed or not; freshness counts it where a sync waits for it", async () => {
    await using rig = await syncRig();
    const other = await createAccount(rig.deps, { name: "Other Ltd" }, anySignal);
    await put(rig, other.id, "profiles/unclaimed.csv");
    rig.clock.wind(10 * secondMs);
    await rig.connect();
    const claimed = await put(rig, rig.accountId, "profiles/claimed.csv");
    // Claimed, and its execution never started.
    const deps = { ...rig.deps, workflows: { ...rig.deps.workflows, start: async () => "started" as const } };
    await acceptUpload(deps, claimed, anySignal);
    rig.clock.wind(5 * secondMs);

    const health = await measureHealth(rig.deps, {}, anySignal);

    expect(health).toEqual({ ...well, freshnessSecondsMax: 5, oldestOpenImportSeconds: 15 });
  });

  test("stops when it is told to", async () => {
    await using rig = await syncRig();

    await expect(measureHealth(rig.deps, {}, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

async function owingWith(rig: SyncRig, code: "HOST_UNREACHABLE" | "PERMISSION_DENIED"): Promise<void> {
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
  rig.server.mischief.onCommit = () => {
    throw new SyncError(code);
  };
  await rig.tick();
}

async function put(rig: SyncRig, accountId: SyncRig["accountId"], path: string) {
  const userId = "us00000000000000" as UserId;
  const { key, version } = await rig.deps.files.put(fileKeys.inbox(accountId, userId, path), Buffer.from("Email\n"));
  return { accountId, userId, key, version };
}
