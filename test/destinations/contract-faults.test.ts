import { beforeAll, describe, expect, test } from "vitest";
import type { Batch, StepName, Warehouse } from "../../lib/destinations/destination.ts";
import { eventRow, metricRow, profileRow } from "../support/change-files.ts";
import { codeOf, commit, commitBeds, type WarehouseRig, warehouseRig } from "../support/warehouse-rig.ts";

class Killed extends Error {}

const commitSteps: readonly StepName[] = ["begin", "fence", "look-up", "merge", "receipt", "commit", "read-back"];
const moments = ["before", "after"] as const;
const commitKills = commitSteps.flatMap((step) => moments.map((moment) => [step, moment] as const));

/** Does the whole of a small sync: stage, commit, discard. */
async function syncOnce(rig: WarehouseRig, warehouse: Warehouse, fence: number): Promise<void> {
  const events = [[eventRow("a", 1), eventRow("b", 1)], [eventRow("c", 1)]];
  const batch = await rig.stage(warehouse, { object: "events", files: events, metrics: [metricRow("m1", 1)] });
  await commit(warehouse, batch, fence);
  await warehouse.discard(batch.planId);
}

/** What an account's owner sees afterwards; the receipt's clock and fence differ between tries. */
async function endState(rig: WarehouseRig) {
  const receipts = await rig.bed.rows("sync_receipt");
  const timeless = receipts.map((row) => ({ ...row, committed_at: "", fence: "" }));
  return { events: await rig.bed.rows("event"), metrics: await rig.bed.rows("metric"), receipts: timeless };
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe.for(commitBeds)("a %s warehouse", (bed) => {
  let golden: Awaited<ReturnType<typeof endState>>;
  const named = new Set<StepName>();
  beforeAll(async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open({ onStep: (name) => void named.add(name) });
    await syncOnce(rig, warehouse, 1);
    golden = await endState(rig);
  });

  const otherKills = (["stage", "discard"] as const).flatMap((step) => moments.map((at) => [step, at] as const));
  test.for([...otherKills, ...commitKills])(
    "killed at %s, %s it, and begun again has the same end",
    async ([step, at]) => {
      await using rig = await warehouseRig(bed);
      let kills = 0;
      const dying = await rig.open({
        onStep: (name, moment) => {
          if (name !== step || moment !== at) return;
          kills += 1;
          throw new Killed();
        },
      });

      const outcome = await syncOnce(rig, dying, 1).catch((error: unknown) => error);
      await dying[Symbol.asyncDispose]();
      await using next = await rig.open();
      await syncOnce(rig, next, 2);

      // A step that a kind does not name was passed by nobody: the whole went through.
      expect([outcome instanceof Killed, kills]).toEqual(named.has(step) ? [true, 1] : [false, 0]);
      expect(await endState(rig)).toEqual(golden);
    },
  );

  test("passes its steps in the order of the contract, none twice, and those that nobody does without", async () => {
    await using rig = await warehouseRig(bed);
    const passed: string[] = [];
    await using warehouse = await rig.open({ onStep: (name, moment) => void passed.push(`${moment} ${name}`) });
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    passed.length = 0;

    await commit(warehouse, batch);

    const order = commitKills.filter(([step]) => named.has(step)).map(([step, moment]) => `${moment} ${step}`);
    expect(passed).toEqual(order);
    expect([...named]).toEqual(expect.arrayContaining(["stage", "fence", "commit", "read-back", "discard"]));
  });

  test("refuses an old fence, and one of another table does not matter", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const profiles = await rig.stage(warehouse, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const events = await rig.stage(warehouse, { planId: "rn2", object: "events", files: [[eventRow("a", 1)]] });
    const late = await rig.stage(warehouse, { planId: "rn3", files: [[profileRow("b", 1)]] });

    await commit(warehouse, profiles, 7);
    await commit(warehouse, events, 3);

    expect(await codeOf(commit(warehouse, late, 6))).toBe("FENCE_LOST");
    expect(await rig.bed.rows("profile")).toHaveLength(1);
    await commit(warehouse, late, 7);
    expect(await warehouse.heads("profiles")).toMatchObject({ fence: 7 });
  });

  test("lets an old fence not slip in while the younger writer's transaction is open", async () => {
    await using rig = await warehouseRig(bed);
    const inside = gate();
    const go = gate();
    await using young = await rig.open({
      onStep: async (name, moment) => {
        if (name !== "merge" || moment !== "before") return;
        inside.open();
        await go.opened;
      },
    });
    await using old = await rig.open();
    const good = await rig.stage(young, { planId: "rn2", files: [[profileRow("b", 1)]] });
    const late = await rig.stage(old, { planId: "rn1", files: [[profileRow("a", 1)]] });

    const younger = commit(young, good, 2);
    await inside.opened;
    const older = codeOf(commit(old, late, 1));
    setTimeout(go.open, 100);

    expect(await older).toBe("FENCE_LOST");
    expect((await younger).fence).toBe(2);
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["b"]);
  });

  test("takes one of two equal commits that race, and answers both with it", async () => {
    await using rig = await warehouseRig(bed);
    await using one = await rig.open();
    await using two = await rig.open();
    const batch: Batch = await rig.stage(one, { files: [[profileRow("a", 1)]] });

    const [first, second] = await Promise.all([commit(one, batch, 1), commit(two, batch, 1)]);

    expect(second).toEqual(first);
    expect((await rig.bed.rows("sync_receipt")).filter(({ sync_id }) => sync_id !== "lease")).toHaveLength(1);
  });

  test("ends when it is stopped, and keeps nothing of the batch", async () => {
    await using rig = await warehouseRig(bed);
    const stop = new AbortController();
    await using stopped = await rig.open({
      signal: stop.signal,
      onStep: (name, moment) => {
        if (name === "merge" && moment === "after") stop.abort();
      },
    });
    const batch = await rig.stage(stopped, { files: [[profileRow("a", 1)]] });

    expect(await codeOf(commit(stopped, batch))).toBe("ABORTED");

    expect(await rig.bed.rows("profile")).toEqual([]);
    await using next = await rig.open();
    expect(await commit(next, batch, 2)).toMatchObject({ rowsInserted: 1 });
  });

  test("leaves no receipt for a batch that lost rows of its staging", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });
    const more = batch.files.map((file) => ({ ...file, rows: file.rows + 1 }));

    expect(await codeOf(commit(warehouse, { ...batch, files: more }))).toBe("STAGED_GONE");

    expect(await rig.bed.rows("profile")).toEqual([]);
    expect(await warehouse.hasReceipt(batch.syncId, "profiles", batch.last)).toBe(false);
  });
});
