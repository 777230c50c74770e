import { describe, expect, test } from "vitest";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { dispatch } from "../../lib/flows/dispatch/dispatch.ts";
import { type DispatchItem, listDueAccounts } from "../../lib/flows/dispatch/list-due-accounts.ts";
import { readList } from "../../lib/flows/store/records.ts";
import { listShards } from "../../lib/flows/store/shards.ts";
import { dueAccounts } from "../../lib/flows/store/syncs.ts";
import { getSync } from "../../lib/flows/sync/get-sync.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

async function connected(): Promise<SyncRig> {
  const rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 3)] });
  return rig;
}

async function everyDueAccount(rig: SyncRig): Promise<string[]> {
  const shards = Array.from({ length: listShards }, (_, shard) => dueAccounts(rig.deps.table, shard, rig.clock.now()));
  return (await Promise.all(shards)).flatMap((accounts) => [...accounts]);
}

describe("the hour", () => {
  test("is dispatched once, however often it is triggered", async () => {
    await using rig = await connected();
    rig.clock.wind(hourMs);

    const triggers = [1, 2, 3].map(() => dispatch(rig.deps, { isNow: false, windowSeconds: 0 }, anySignal));
    const names = new Set((await Promise.all(triggers)).map((answer) => answer.execution));
    await rig.settled();

    expect(names.size).toBe(1);
    expect(rig.server.tables.profiles.size).toBe(3);
    const ended = rig.events.filter((event) => event["machine"] === "dispatch");
    expect(ended).toMatchObject([{ status: "SUCCEEDED" }]);
  });

  test("leaves alone what is not due yet", async () => {
    await using rig = await connected();

    await dispatch(rig.deps, { isNow: false, windowSeconds: 0 }, anySignal);
    await rig.settled();

    expect(rig.server.tables.profiles.size).toBe(1);
  });

  test("runs now when asked to, as often as asked", async () => {
    await using rig = await connected();

    await dispatch(rig.deps, { isNow: true, windowSeconds: 0 }, anySignal);
    await rig.settled();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(4, 4)] });
    await dispatch(rig.deps, { isNow: true, windowSeconds: 0 }, anySignal);
    await rig.settled();

    expect(rig.server.tables.profiles.size).toBe(4);
  });
});

test("the list of due syncs follows every sync from hour to hour", async () => {
  await using rig = await connected();

  const before = await everyDueAccount(rig);
  rig.clock.wind(hourMs);
  const due = await everyDueAccount(rig);
  await rig.tick();
  const after = await everyDueAccount(rig);

  expect([before, due, after]).toEqual([[], [rig.accountId], []]);
});

test("starts are spread over the window, each account always at its own second", async () => {
  await using rig = await syncRig();
  for (let count = 0; count < 30; count += 1) await createAccount(rig.deps, { name: `Account ${count}` }, anySignal);
  const listed = async (execution: string) => {
    const request = { isNow: true, windowSeconds: 1_800, execution };
    const { itemsKey } = await listDueAccounts(rig.deps, request, anySignal);
    return (await readList<DispatchItem[]>(rig.deps.files, itemsKey)) ?? [];
  };

  const [first, second] = [await listed("a"), await listed("b")];

  expect(first).toEqual(second);
  const delays = first.map((item) => item.delaySeconds);
  expect(delays).toHaveLength(31);
  expect(new Set(delays).size).toBeGreaterThan(20);
  expect(Math.max(...delays)).toBeLessThanOrEqual(1_800);
});

describe("freshness", () => {
  test("counts from the oldest change above the watermark, and is up to date once it has arrived", async () => {
    await using rig = await connected();
    const ref = { accountId: rig.accountId, syncId: (await rig.sync("profiles", "periodic")).id };
    rig.clock.wind(10 * 60_000);

    const before = await getSync(rig.deps, ref, anySignal);
    await rig.tick();
    const after = await getSync(rig.deps, ref, anySignal);

    expect(before.freshness).toMatchObject({ isUpToDate: false, ageMs: 10 * 60_000 });
    expect(after.freshness).toMatchObject({ isUpToDate: true, lastCheckedAt: rig.clock.now() });
  });

  test("counts from before the cut of nothing", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
    rig.clock.wind(hourMs);
    await rig.connect();

    const ref = { accountId: rig.accountId, syncId: (await rig.sync("profiles", "periodic")).id };

    expect((await getSync(rig.deps, ref, anySignal)).freshness).toMatchObject({ isUpToDate: true, ageMs: null });
  });
});
