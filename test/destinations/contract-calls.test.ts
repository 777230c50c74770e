import { describe, expect, test } from "vitest";
import type { Batch, StagedFile, Warehouse } from "../../lib/destinations/destination.ts";
import { logStart } from "../../lib/model/log.ts";
import { type ChangeRow, eventRow, profileRow } from "../support/change-files.ts";
import { Dice } from "../support/dice.ts";
import { tilingFaults } from "../support/receipts.ts";
import { codeOf, commit, commitBeds, type WarehouseRig, warehouseRig } from "../support/warehouse-rig.ts";

class Killed extends Error {}

const filesPerPlan = 4;
const plans = 3;
/** What a call may come to when calls are repeated, reordered and killed; anything else is a fault of the warehouse. */
const expected = ["no failure", "FENCE_LOST", "STAGED_GONE", "CONFLICT", "DEST_BUSY", "Error"];

/** Plan 1 has the files of the log's entry 1, and so on. Ids meet within a file, between files and between plans. */
function rowsOf(object: "profiles" | "events", seq: number, dice: Dice): ChangeRow[][] {
  return Array.from({ length: filesPerPlan }, (_, file) =>
    Array.from({ length: 3 }, () => {
      const id = `x${dice.below(8)}`;
      // A profile changes at most once by an entry; every event with one id is the same event.
      return object === "profiles"
        ? profileRow(`${id}-${file}`, seq, { title: `${seq}/${id}-${file}` })
        : eventRow(id, seq, { value: id.slice(1) });
    }),
  );
}

interface Tale {
  readonly rig: WarehouseRig;
  readonly object: "profiles" | "events";
  readonly rows: readonly ChangeRow[][][];
  /** Batches of each plan: the first two files, then the last two. */
  readonly batches: Batch[][];
}

async function stagePlan(tale: Omit<Tale, "batches">, warehouse: Warehouse, plan: number): Promise<Batch[]> {
  const whole = await tale.rig.stage(warehouse, {
    object: tale.object,
    planId: `rn${plan}`,
    seq: plan,
    files: tale.rows[plan - 1] ?? [],
  });
  const half = (files: readonly StagedFile[], first: number): Batch => ({
    ...whole,
    files,
    first: { seq: plan, file: first },
    last: { seq: plan, file: first + files.length - 1 },
    rowsStaged: files.reduce((rows, file) => rows + file.rows, 0),
  });
  return [half(whole.files.slice(0, 2), 1), half(whole.files.slice(2), 3)];
}

/** One call at random, by a session of its own, that may die at any step. */
async function anyCall(tale: Tale, dice: Dice, fence: number): Promise<string> {
  let stepsLeft = dice.chance(0.4) ? dice.below(14) : Number.POSITIVE_INFINITY;
  await using warehouse = await tale.rig.open({
    onStep: () => {
      stepsLeft -= 1;
      if (stepsLeft < 0) throw new Killed("killed");
    },
  });
  const plan = 1 + dice.below(plans);
  const batch = tale.batches[plan - 1]?.[dice.below(2)];
  if (batch === undefined) throw new TypeError("no such batch");
  const olderFence = Math.max(1, fence - dice.below(3));
  switch (dice.below(6)) {
    case 0:
      return await codeOf(stagePlan(tale, warehouse, plan));
    case 1:
      return await codeOf(warehouse.discard(batch.planId));
    case 2:
      return await both(commit(warehouse, batch, fence), stagePlan(tale, warehouse, plan));
    default:
      return await codeOf(commit(warehouse, batch, dice.chance(0.3) ? olderFence : fence));
  }
}

/** Waits for both, and answers what the worse came to. */
async function both(one: Promise<unknown>, two: Promise<unknown>): Promise<string> {
  const codes = await Promise.all([codeOf(one), codeOf(two)]);
  return codes.find((code) => code !== "no failure") ?? "no failure";
}

function wanted({ object, rows }: Tale): Map<string, string> {
  const all = rows.flat(2);
  return new Map(all.map((row) => [String(row["id"]), String(object === "profiles" ? row["title"] : row["value"])]));
}

describe.for(commitBeds)("a %s warehouse", (bed) => {
  const seeds = process.env["WS_FULL"] === "1" ? [1, 2, 3] : [2];
  const tales = seeds.flatMap((seed) => (["profiles", "events"] as const).map((object) => [object, seed] as const));
  test.for(tales)(
    "called in any order, twice, dying at any step, holds all %s once (seed %i)",
    async ([object, seed]) => {
      await using rig = await warehouseRig(bed);
      const dice = new Dice(seed);
      const rows = Array.from({ length: plans }, (_, index) => rowsOf(object, index + 1, dice));
      await using calm = await rig.open();
      const batches: Batch[][] = [];
      for (let plan = 1; plan <= plans; plan += 1) batches.push(await stagePlan({ rig, object, rows }, calm, plan));
      const tale: Tale = { rig, object, rows, batches };

      const outcomes: string[] = [];
      for (let fence = 1; fence <= 30; fence += 1) outcomes.push(await anyCall(tale, dice, fence));
      for (let plan = 1; plan <= plans; plan += 1) {
        const again = await stagePlan(tale, calm, plan);
        for (const batch of dice.chance(0.5) ? again : again.toReversed()) await commit(calm, batch, 99);
      }

      for (const outcome of outcomes)
        expect(
          expected.some((code) => outcome.startsWith(code)),
          outcome,
        ).toBe(true);
      const found = (await rig.bed.rows(object === "profiles" ? "profile" : "event")).map((row): [string, string] => [
        String(row["id"]),
        String(object === "profiles" ? row["title"] : Number(row["value"])),
      ]);
      expect(new Map(found)).toEqual(wanted(tale));
      const receipts = await calm.receipts(batches[0]?.[0]?.syncId ?? ("" as never), object, logStart);
      expect(tilingFaults({ seq: 0, file: 0 }, receipts, () => filesPerPlan)).toEqual([]);
      const inserted = receipts.reduce((sum, receipt) => sum + receipt.rowsInserted, 0);
      const { rowsInserted } = rig.counts(rows.flat(2).length, found.length, 0);
      expect([receipts.length, inserted]).toEqual([plans * 2, rowsInserted]);
    },
  );

  test("stages a file that many bring at once as one that a single call brought", async () => {
    await using rig = await warehouseRig(bed);
    await using one = await rig.open();
    await using two = await rig.open();
    const request = { files: [[profileRow("a", 1), profileRow("b", 1)]] };

    const settled = await Promise.allSettled([
      rig.stage(one, request),
      rig.stage(two, request),
      rig.stage(one, request),
    ]);
    const batch = await rig.stage(two, request);
    const receipt = await commit(one, batch);

    expect(settled.some(({ status }) => status === "fulfilled")).toBe(true);
    expect(receipt).toMatchObject({ rowsStaged: 2, rowsInserted: 2 });
  });

  test("that lost its receipts says so, keeps its fence, and takes a batch again without change", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const files = [[eventRow("a", 1), eventRow("b", 1)]];
    const batch = await rig.stage(warehouse, { object: "events", files });
    const first = await commit(warehouse, batch, 5);
    await rig.loseReceipts();

    await using next = await rig.open();
    const shown = await next.hasReceipt(batch.syncId, "events", batch.last);
    const receipts = await next.receipts(batch.syncId, "events", logStart);
    const old = await codeOf(commit(next, batch, 4));
    const again = await commit(next, batch, 6);

    expect([shown, receipts]).toEqual([false, []]);
    expect(old).toBe("FENCE_LOST");
    expect(again).toMatchObject(rig.counts(first.rowsStaged, 0, 0));
    expect((await rig.bed.rows("event")).map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
