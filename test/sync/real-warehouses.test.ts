import { describe, expect, test } from "vitest";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { eventRow, profileRow } from "../support/change-files.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";
import { kinds, startBed } from "../support/warehouse-rig.ts";

describe.each(kinds)("a %s warehouse", (kind) => {
  test("is filled by a historical sync and kept fresh by a periodic one, with a receipt for each batch", async () => {
    await using bed = await startBed(kind);
    await using rig = await syncRig(1, {
      destination: loadDestination,
      destinationKinds: [kind],
      dial: bed.dial,
      accountFolder: () => bed.folder,
    });
    const hard = { title: 'a "quoted", é, 😀,\nline', properties: '{"a":{"b":[1,2.5]}}', email: "" };
    const order = { metric_name: "Placed Order", value: "12.500000001", event_properties: '{"x":1}' };
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [profiles(1, 50), [profileRow("hard", 0, hard)]],
      events: [[eventRow("e1", 0, order), eventRow("e2", 0, { metric_name: "Opened Email" })]],
    });

    await rig.connect({ kind, settings: bed.settings, selection: { metrics: ["Placed Order"] } });
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [[profileRow("p1", 0, { title: "changed" }), profileRow("new", 0)]],
      events: [[eventRow("e3", 0, order)]],
    });
    await rig.tick();

    const rows = new Map((await bed.rows("profile")).map((row) => [row["id"], row]));
    expect(rows.size).toBe(52);
    expect(rows.get("hard")).toMatchObject({ title: hard.title, properties: { a: { b: [1, 2.5] } }, email: "" });
    expect(rows.get("p1")).toMatchObject({ title: "changed" });
    const events = await bed.rows("event");
    expect(events.map((row) => row["id"]).sort()).toEqual(["e1", "e3"]);
    expect(events[0]).toMatchObject({ value: expect.stringMatching(/^12\.500000001$/) });
    for (const object of ["profiles", "events"] as const) {
      expect((await rig.sync(object, "historical")).completedAt).not.toBeNull();
      expect(await rig.sync(object, "periodic")).toMatchObject({ lastError: null, watermark: { seq: 2, file: 1 } });
    }
    const receipts = (await bed.rows("sync_receipt")).filter((row) => row["sync_id"] !== "lease");
    expect(receipts).toHaveLength(4);
  });
});
