import { describe, expect, test } from "vitest";
import { logStart } from "../../lib/model/log.ts";
import { profileRow } from "../support/change-files.ts";
import { beds, codeOf, commit, schemaOf, warehouseRig } from "../support/warehouse-rig.ts";

const theirLog = "lg00000000000002";

describe.for(beds)("a %s warehouse", (bed) => {
  test("goes to a log that adopts it: rows and heads stay, and the other log's writers are shut out", async () => {
    await using rig = await warehouseRig(bed);
    await using theirs = await rig.open({ logId: theirLog });
    await commit(theirs, await rig.stage(theirs, { files: [[profileRow("a", 7)]], seq: 7 }), 40);
    await using ours = await rig.open();
    const heads = await ours.heads("profiles");

    await ours.adopt?.();
    await ours.adopt?.();

    expect(await ours.heads("profiles")).toEqual(heads);
    expect(heads).toEqual({ fence: 40, seq: 7 });
    for await (const step of ours.check()) expect(step, step.detail).toMatchObject({ ok: true });
    const late = await rig.stage(theirs, { planId: "rn2", files: [[profileRow("b", 8)]], seq: 8 });
    expect(await codeOf(commit(theirs, late, 90))).toBe("FOREIGN_RECEIPTS");
    const own = await rig.stage(ours, { planId: "rn3", files: [[profileRow("a", 9, { title: "ours" })]], seq: 9 });
    expect(await codeOf(commit(ours, own, 39))).toBe("FENCE_LOST");
    expect(await commit(ours, own, 41)).toMatchObject(rig.counts(1, 0, 1));
    expect(await ours.receipts(own.syncId, "profiles", logStart)).toHaveLength(1);
    expect(await rig.bed.rows("profile")).toMatchObject([{ id: "a", title: "ours" }]);
  });

  test("shows nothing of a rehearsal, and takes the batch afterwards", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1), profileRow("b", 1)]] });

    await warehouse.rehearse?.(batch);
    const before = [await rig.bed.rows("profile"), await rig.receipts()];
    const receipt = await commit(warehouse, batch);

    expect(before).toEqual([[], []]);
    expect(receipt).toMatchObject({ rowsInserted: 2 });
  });
});

test("a rehearsal throws for a row what a commit would throw", async () => {
  await using rig = await warehouseRig("postgres");
  await using warehouse = await rig.open();
  await rig.bed.administer(`ALTER TABLE ${schemaOf(rig.bed)}klaviyo_profile ADD CHECK (title <> 'bad')`);
  const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1, { title: "bad" })]] });

  const rehearsed = await codeOf(warehouse.rehearse?.(batch) ?? Promise.resolve());

  expect(rehearsed).toBe("ROW_REJECTED");
  expect(await codeOf(commit(warehouse, batch))).toBe("ROW_REJECTED");
});
