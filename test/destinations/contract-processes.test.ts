import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { profileRow } from "../support/change-files.ts";
import { commitProcess } from "../support/commit-process.ts";
import { commit, commitBeds, warehouseRig } from "../support/warehouse-rig.ts";

const kills = [
  ["fence", "after"],
  ["merge", "after"],
  ["receipt", "after"],
  ["commit", "before"],
  ["commit", "after"],
] as const;

describe.for(commitBeds)("a %s warehouse", (bed) => {
  test.for(kills)("survives a SIGKILL of the committing process at %s, %s it", async ([step, moment]) => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    await commit(warehouse, await rig.stage(warehouse, { planId: "rn0", files: [[profileRow("a", 1)]] }));
    const batch = await rig.stage(warehouse, { seq: 2, files: [[profileRow("a", 2), profileRow("b", 2)]] });
    await using doomed = commitProcess(bed, rig, { batch, fence: 2, step, moment });
    await doomed.reached;
    await doomed.kill();

    const receipt = await commit(warehouse, batch, 3);

    expect(receipt).toMatchObject(rig.counts(2, 1, 1));
    const rows = await rig.bed.rows("profile");
    expect(rows.map((row) => [row["id"], row["_seq"]])).toEqual([
      ["a", "2"],
      ["b", "2"],
    ]);
    expect(await rig.receipts()).toHaveLength(2);
  });

  test("refuses an elder that slept through the younger's commit (SIGSTOP, SIGCONT)", async () => {
    await using rig = await warehouseRig(bed);
    await using young = await rig.open();
    const late = await rig.stage(young, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const good = await rig.stage(young, { planId: "rn2", seq: 2, files: [[profileRow("b", 1)]] });
    await using elder = commitProcess(bed, rig, {
      batch: late,
      fence: 1,
      step: "fence",
      moment: "before",
      stops: true,
    });
    expect(await elder.reached).toBe(true);

    const younger = commit(young, good, 2);
    // A warehouse that one process opens at a time keeps the younger waiting until the elder is through.
    const isThrough = await Promise.race([younger.then(() => true), sleep(2_000).then(() => false)]);
    elder.resume();

    expect(await elder.outcome).toBe(isThrough ? "FENCE_LOST" : "committed");
    expect((await younger).fence).toBe(2);
    const ids = (await rig.bed.rows("profile")).map(({ id }) => id);
    expect(ids).toEqual(isThrough ? ["b"] : ["a", "b"]);
    expect(isThrough || rig.destination.embeddedOnly).toBe(true);
  });

  test("takes a batch once where the elder of two attempts slept before its COMMIT", async () => {
    await using rig = await warehouseRig(bed);
    await using young = await rig.open();
    const batch = await rig.stage(young, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });
    await using elder = commitProcess(bed, rig, { batch, fence: 1, step: "commit", moment: "before", stops: true });
    await elder.reached;

    const younger = commit(young, batch, 2);
    await Promise.race([younger, sleep(500)]);
    elder.resume();

    const [receipt, outcome] = [await younger, await elder.outcome];
    const [row, ...more] = await rig.receipts();
    expect(more).toEqual([]);
    // Either the elder held the lease row and both answer its receipt, or it came too late and is refused.
    expect(outcome === "committed" ? receipt.fence : [outcome, receipt.fence]).toEqual(
      outcome === "committed" ? Number(row?.["fence"]) : ["FENCE_LOST", 2],
    );
    expect(await rig.bed.rows("profile")).toHaveLength(2);
    expect(receipt).toMatchObject({ rowsStaged: 2, rowsInserted: 2 });
  });
});
