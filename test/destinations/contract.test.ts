import { describe, expect, test } from "vitest";
import { logStart } from "../../lib/model/log.ts";
import { type ChangeRow, eventRow, metricRow, profileRow } from "../support/change-files.ts";
import { beds, codeOf, commit, syncedAt, warehouseRig } from "../support/warehouse-rig.ts";

describe.for(beds)("a %s warehouse", (bed) => {
  test("takes a batch once, even when it is sent twice", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const files = [[eventRow("a", 1), eventRow("b", 1)], [eventRow("c", 1)]];
    const batch = await rig.stage(warehouse, { object: "events", files });

    const first = await commit(warehouse, batch);
    const again = await commit(warehouse, batch);

    expect(again).toEqual(first);
    expect(first).toMatchObject({ rowsStaged: 3, rowsInserted: 3, rowsUpdated: 0, targetTable: "klaviyo_event" });
    expect((await rig.bed.rows("event")).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect((await rig.bed.rows("sync_receipt")).filter(({ sync_id }) => sync_id !== "lease")).toHaveLength(1);
  });

  test("finds the receipt from a session that knows nothing of the first", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    const first = await commit(warehouse, batch, 1);
    await warehouse.discard(batch.planId);

    await using other = await rig.open();
    const again = await commit(other, batch, 2);

    expect(again).toEqual(first);
  });

  test("keeps of each profile the row with the highest seq, in whatever order rows come", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const named = (id: string, seq: number, name: string) => profileRow(id, seq, { first_name: name });
    const send = async (planId: string, files: ChangeRow[][]) =>
      commit(warehouse, await rig.stage(warehouse, { planId, files }));

    await send("rn1", [[named("a", 5, "new"), named("b", 1, "b")]]);
    const late = await send("rn2", [[named("a", 4, "old"), named("c", 1, "c")]]);
    const within = await send("rn3", [
      [named("b", 7, "b7"), named("b", 9, "b9"), named("d", 2, "d2")],
      [named("b", 8, "b8"), named("d", 2, "d2")],
    ]);

    expect((await rig.bed.rows("profile")).map((row) => [row["id"], row["_seq"], row["first_name"]])).toEqual([
      ["a", "5", "new"],
      ["b", "9", "b9"],
      ["c", "1", "c"],
      ["d", "2", "d2"],
    ]);
    expect(late).toMatchObject(rig.counts(2, 1, 0));
    expect(within).toMatchObject(rig.counts(5, 1, 1));
  });

  test("replaces a whole profile, nulls included", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const full = profileRow("a", 1, {
      email: "a@example.com",
      properties: '{"x":1}',
      last_event_at: "2026-01-01 00:00:00",
    });

    await commit(warehouse, await rig.stage(warehouse, { planId: "rn1", files: [[full]] }));
    await commit(
      warehouse,
      await rig.stage(warehouse, { planId: "rn2", files: [[profileRow("a", 2, { _deleted: "true" })]] }),
    );

    expect(await rig.bed.rows("profile")).toMatchObject([
      { id: "a", email: null, properties: null, last_event_at: null, _deleted: true },
    ]);
  });

  test("takes each event once by its id, the first of a batch and the first of all", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const priced = (id: string, seq: number, value: string) => eventRow(id, seq, { value });
    const first = [
      [priced("a", 1, "1"), priced("a", 2, "2")],
      [priced("b", 1, "1"), priced("a", 3, "3")],
    ];
    const second = [[priced("b", 4, "4"), priced("c", 4, "4"), priced("a", 4, "4")]];

    await commit(warehouse, await rig.stage(warehouse, { object: "events", planId: "rn1", files: first }));
    const receipt = await commit(
      warehouse,
      await rig.stage(warehouse, { object: "events", planId: "rn2", files: second }),
    );

    expect((await rig.bed.rows("event")).map(({ id, value }) => [id, value])).toEqual([
      ["a", "1.000000000"],
      ["b", "1.000000000"],
      ["c", "4.000000000"],
    ]);
    expect(receipt).toMatchObject(rig.counts(3, 1, 0));
  });

  test("upserts metrics in the same commit as the events they ride with", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const send = async (planId: string, metrics: ChangeRow[]) =>
      commit(
        warehouse,
        await rig.stage(warehouse, { object: "events", planId, files: [[eventRow(planId, 1)]], metrics }),
      );

    await send("rn1", [metricRow("m1", 1, { name: "First" }), metricRow("m2", 1)]);
    const receipt = await send("rn2", [metricRow("m1", 2, { name: "Second" }), metricRow("m3", 2)]);

    expect((await rig.bed.rows("metric")).map(({ id, name }) => [id, name])).toEqual([
      ["m1", "Second"],
      ["m2", "Placed Order"],
      ["m3", "Placed Order"],
    ]);
    expect([receipt.rowsStaged, receipt.rowsInserted]).toEqual([1, 1]);
  });

  test("stamps every row with the batch's instant", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();

    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));

    const stamp = `${new Date(syncedAt).toISOString().slice(0, -1)}000Z`;
    expect(await rig.bed.rows("profile")).toMatchObject([{ _synced_at: stamp }]);
  });

  test("leaves receipts that are read back in log order, tile the log, and end where asked", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const send = async (seq: number, files: ChangeRow[][]) =>
      commit(warehouse, await rig.stage(warehouse, { seq, planId: `rn${seq}`, files, rowsQuarantined: seq }));

    const sent = [
      await send(2, [[profileRow("a", 2)], [profileRow("b", 2)]]),
      await send(10, [[profileRow("a", 10)]]),
      await send(3, [[profileRow("a", 3)]]),
    ];

    const { syncId } = { syncId: sent[0]?.syncId ?? ("" as never) };
    const all = await warehouse.receipts(syncId, "profiles", logStart);
    expect(all.map(({ first, last }) => [first.seq, first.file, last.seq, last.file])).toEqual([
      [2, 1, 2, 2],
      [3, 1, 3, 1],
      [10, 1, 10, 1],
    ]);
    expect(all[2]).toEqual(sent[1]);
    expect((await warehouse.receipts(syncId, "profiles", { seq: 2, file: 1 })).length).toBe(3);
    expect((await warehouse.receipts(syncId, "profiles", { seq: 2, file: 2 })).length).toBe(2);
    expect(await warehouse.receipts(syncId, "events", logStart)).toEqual([]);
    expect(await warehouse.hasReceipt(syncId, "profiles", { seq: 3, file: 1 })).toBe(true);
    expect(await warehouse.hasReceipt(syncId, "profiles", { seq: 2, file: 1 })).toBe(false);
    expect(await warehouse.heads("profiles")).toEqual({ fence: 1, seq: 10 });
    expect(await warehouse.heads("events")).toEqual({ fence: 0, seq: 0 });
  });

  test("tells the receipts of one sync from those of another", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const other = "cn00000000000001-profiles-historical";
    const first = await rig.stage(warehouse, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const second = await rig.stage(warehouse, { planId: "rn2", syncId: other, files: [[profileRow("b", 1)]] });

    const receipts = [await commit(warehouse, first), await commit(warehouse, second)];

    expect(await warehouse.receipts(first.syncId, "profiles", logStart)).toEqual([receipts[0]]);
    expect(await warehouse.receipts(second.syncId, "profiles", logStart)).toEqual([receipts[1]]);
  });

  test("refuses a batch of which a part is committed already", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });
    const half = { ...batch, last: batch.first, files: batch.files.slice(0, 1), rowsStaged: 1 };

    const receipt = await commit(warehouse, half);

    expect(await codeOf(commit(warehouse, batch))).toBe("CONFLICT");
    const rest = { ...batch, first: batch.last, files: batch.files.slice(1), rowsStaged: 1 };
    expect((await commit(warehouse, rest)).first.file).toBe(receipt.last.file + 1);
  });

  test("removes what was staged for a plan, twice as well as once, and nothing of another plan", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const gone = await rig.stage(warehouse, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const kept = await rig.stage(warehouse, { planId: "rn2", files: [[profileRow("b", 1)]] });

    await warehouse.discard(gone.planId);
    await warehouse.discard(gone.planId);

    expect(await codeOf(commit(warehouse, gone))).toBe("STAGED_GONE");
    await commit(warehouse, kept);
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["b"]);
  });

  test("keeps tables of another prefix apart", async () => {
    await using rig = await warehouseRig(bed);
    await rig.setUp("other_");
    await using warehouse = await rig.open({ tablePrefix: "other_" });

    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));

    expect(await rig.bed.rows("profile")).toEqual([]);
    expect(await rig.bed.rows("profile", "other_")).toHaveLength(1);
  });
});
