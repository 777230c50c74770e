import { describe, expect, test } from "vitest";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { onTestbed } from "../../lib/destinations/testbed.ts";
import { saveSelection } from "../../lib/flows/connections/save-selection.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ChangeRow, eventRow, profileRow } from "../support/change-files.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";
import { commitBeds, kindOf, type WarehouseRig, warehouseRig } from "../support/warehouse-rig.ts";

const opened = { metric_name: "Opened Email" };
const ordered = { metric_name: "Placed Order", value: "12.500000001", event_properties: '{"x":1}' };

/** The flows over the warehouse that a rig has. */
async function rigOn(bed: string, warehouse: Pick<WarehouseRig, "bed">): Promise<SyncRig> {
  return syncRig(1, {
    destination: async (kind) => onTestbed(await loadDestination(kind), warehouse.bed),
    destinationKinds: [kindOf(bed)],
    dial: warehouse.bed.dial,
    accountFolder: () => warehouse.bed.folder,
  });
}

describe.each(commitBeds)("a %s warehouse", (bed) => {
  test("is filled by a historical sync and kept fresh by a periodic one, with a receipt for each batch", async () => {
    await using warehouse = await warehouseRig(bed);
    await using rig = await rigOn(bed, warehouse);
    const hard = { title: 'a "quoted", é, 😀,\nline', properties: '{"a":{"b":[1,2.5]}}', email: "" };
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [profiles(1, 50), [profileRow("hard", 0, hard)]],
      events: [[eventRow("e1", 0, ordered), eventRow("e2", 0, opened)]],
    });

    await rig.connect({
      kind: kindOf(bed),
      settings: warehouse.bed.settings,
      selection: { metrics: ["Placed Order"] },
    });
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [[profileRow("p1", 0, { title: "changed" }), profileRow("new", 0)]],
      events: [[eventRow("e3", 0, ordered)]],
    });
    await rig.tick();

    const rows = new Map((await warehouse.bed.rows("profile")).map((row) => [row["id"], row]));
    expect(rows.size).toBe(52);
    expect(rows.get("hard")).toMatchObject({ title: hard.title, properties: { a: { b: [1, 2.5] } }, email: "" });
    expect(rows.get("p1")).toMatchObject({ title: "changed" });
    const events = await warehouse.bed.rows("event");
    expect(events.map((row) => row["id"]).sort()).toEqual(["e1", "e3"]);
    expect(events[0]).toMatchObject({ value: expect.stringMatching(/^12\.500000001$/) });
    for (const object of ["profiles", "events"] as const) {
      expect((await rig.sync(object, "historical")).completedAt).not.toBeNull();
      expect(await rig.sync(object, "periodic")).toMatchObject({ lastError: null, watermark: { seq: 2, file: 1 } });
    }
    expect(await warehouse.receipts()).toHaveLength(4);
  });

  test("takes a selection that changes between plan and commit from the next plan on", async () => {
    await using warehouse = await warehouseRig(bed);
    await using rig = await rigOn(bed, warehouse);
    const publish = (...rows: ChangeRow[]) => publishChanges(rig.deps, rig.accountId, { events: [rows] });
    await publish(eventRow("e1", 0, ordered));
    const { id: connectionId } = await rig.connect({ kind: kindOf(bed), settings: warehouse.bed.settings });
    await publish(eventRow("e2", 0, opened), eventRow("e3", 0, ordered));
    let changes = 0;
    rig.steps.around = async (step, run) => {
      const answer = await run();
      if (step === "plan-run" && changes === 0) {
        changes += 1;
        const selection = { metrics: ["Placed Order"] };
        await saveSelection(rig.deps, { accountId: rig.accountId, connectionId, ...selection }, anySignal);
      }
      return answer;
    };

    await rig.tick();
    await publish(eventRow("e4", 0, opened), eventRow("e5", 0, ordered));
    await rig.tick();

    expect(changes).toBe(1);
    expect((await warehouse.bed.rows("event")).map(({ id }) => id)).toEqual(["e1", "e2", "e3", "e5"]);
    const counts = (await warehouse.receipts()).map((row) => `${row["from_seq"]}: ${row["rows_staged"]}`);
    expect(counts.sort()).toEqual(["1: 1", "2: 2", "3: 1"]);
  });

  test("whose receipts are lost stops the sync, and is not filled as if nothing had happened", async () => {
    await using warehouse = await warehouseRig(bed);
    await using rig = await rigOn(bed, warehouse);
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)] });
    await rig.connect({ kind: kindOf(bed), settings: warehouse.bed.settings });
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(3, 4)] });
    await rig.tick();
    await warehouse.loseReceipts();
    const left = await warehouse.bed.rows("profile");
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(5, 6)] });

    await rig.tick();

    const sync = await rig.sync("profiles", "periodic");
    expect(sync).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: { code: "RECEIPT_GONE" } });
    expect(sync.failedAt).not.toBeNull();
    expect(await warehouse.bed.rows("profile")).toEqual(left);
  });
});
