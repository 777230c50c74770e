import { describe, expect, test } from "vitest";
import { saveSelection } from "../../lib/flows/connections/save-selection.ts";
import { skipsOf } from "../../lib/flows/store/runs.ts";
import { pauseSync } from "../../lib/flows/sync/pause-sync.ts";
import { resumeSync } from "../../lib/flows/sync/resume-sync.ts";
import { dayMs, type Instant } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ChangeRow, eventRow } from "../support/change-files.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { tilingFaults } from "../support/receipts.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

const noon = Date.UTC(2026, 10, 24, 12) as Instant;
const opened = { metric_name: "Opened Email", integration_name: "Mail" };
const ordered = { metric_name: "Placed Order", integration_name: "Shop" };

function daysAgo(days: number): ChangeRow {
  return { event_at: new Date(noon - days * dayMs).toISOString().slice(0, 19).replace("T", " ") };
}

function metric(name: string, at: Instant) {
  const integration = { integrationId: null, integrationName: null, integrationCategory: null };
  return { id: `m-${name}`, name, ...integration, createdAt: at, updatedAt: at, seq: 1 };
}

function sent(rig: SyncRig): string[] {
  return [...rig.server.tables.events.keys()].sort();
}

describe("selective sync", () => {
  test("sends only the chosen metrics, and profiles whole", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, {
      profiles: [profiles(1, 2)],
      events: [[eventRow("e1", 0, opened), eventRow("e2", 0, ordered)]],
      metrics: [metric("Opened Email", noon), metric("Placed Order", noon)],
    });

    await rig.connect({ selection: { metrics: ["Placed Order"] } });

    expect(sent(rig)).toEqual(["e2"]);
    expect(rig.server.tables.profiles.size).toBe(2);
    expect([...rig.server.tables.metrics.keys()]).toEqual(["m-Placed Order"]);
  });

  test("leaves out events of excluded integrations, and keeps those that have none", async () => {
    await using rig = await syncRig();
    const none = { metric_name: "Called", integration_name: null };
    const rows = [eventRow("e1", 0, opened), eventRow("e2", 0, ordered), eventRow("e3", 0, none)];
    await publishChanges(rig.deps, rig.accountId, { events: [rows] });

    await rig.connect({ selection: { excludedIntegrations: ["Mail"] } });

    expect(sent(rig)).toEqual(["e2", "e3"]);
  });

  test("that leaves nothing passes the stretch by a recorded skip and wakes no warehouse", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { events: [events(1, 1, ordered)] });
    await rig.connect({ selection: { metrics: ["Placed Order"] } });
    await publishChanges(rig.deps, rig.accountId, { events: [events(2, 3, opened), events(4, 5, opened)] });
    const before = rig.server.opened;

    await rig.tick();

    const sync = await rig.sync("events", "periodic");
    expect(sync).toMatchObject({ watermark: { seq: 2, file: 2 }, lastError: null, runId: null });
    expect(rig.server.opened).toBe(before);
    const skips = await skipsOf(rig.deps.table, rig.accountId, sync.id);
    expect(skips).toMatchObject([{ first: { seq: 2, file: 1 }, last: { seq: 2, file: 2 } }]);
  });

  test("skips and receipts together tile the log", async () => {
    await using rig = await syncRig();
    rig.server.limits = { ...rig.server.limits, batchFilesMax: 1 };
    await publishChanges(rig.deps, rig.accountId, { events: [events(1, 1, ordered)] });
    await rig.connect({ selection: { metrics: ["Placed Order"] } });
    const files = [events(2, 2, opened), events(3, 3, ordered), events(4, 4, opened), events(5, 5, ordered)];
    await publishChanges(rig.deps, rig.accountId, { events: files });
    await publishChanges(rig.deps, rig.accountId, { events: [events(6, 6, opened)] });

    await rig.tick();

    const sync = await rig.sync("events", "periodic");
    const skips = await skipsOf(rig.deps.table, rig.accountId, sync.id);
    const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
    expect(skips).toHaveLength(3);
    expect(receipts).toHaveLength(2);
    const filesOf = (seq: number) => (seq === 2 ? 4 : 1);
    expect(tilingFaults({ seq: 1, file: 1 }, [...skips, ...receipts], filesOf)).toEqual([]);
    expect(sent(rig)).toEqual(["e1", "e3", "e5"]);
  });
});

describe("a changed selection", () => {
  test("applies to the next plan, not to the one that is frozen", async () => {
    await using rig = await syncRig();
    rig.server.limits = { ...rig.server.limits, batchFilesMax: 1 };
    await publishChanges(rig.deps, rig.accountId, { events: [events(1, 1, ordered)] });
    const { id: connectionId } = await rig.connect();
    await publishChanges(rig.deps, rig.accountId, { events: [events(2, 2, opened), events(3, 3, opened)] });
    const ref = { accountId: rig.accountId, syncId: (await rig.sync("events", "periodic")).id };
    rig.server.mischief.onCommit = async () => {
      rig.server.mischief = {};
      await pauseSync(rig.deps, ref, anySignal);
    };
    await rig.tick();

    const metrics = ["Placed Order"];
    await saveSelection(rig.deps, { accountId: rig.accountId, connectionId, metrics }, anySignal);
    await resumeSync(rig.deps, ref, anySignal);
    await rig.settled();
    const frozen = sent(rig);
    await publishChanges(rig.deps, rig.accountId, { events: [events(4, 4, opened), events(5, 5, ordered)] });
    await rig.tick();

    expect(frozen).toEqual(["e1", "e2", "e3"]);
    expect(sent(rig)).toEqual(["e1", "e2", "e3", "e5"]);
  });

  test("gives an object that is newly selected its syncs, with their cut then", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 2)], events: [events(1, 2)] });
    const { id: connectionId } = await rig.connect({ selection: { objects: ["profiles"] } });
    await publishChanges(rig.deps, rig.accountId, { events: [events(3, 4)] });
    await expect(rig.sync("events", "periodic")).rejects.toMatchObject({ code: "NOT_FOUND" });

    await saveSelection(
      rig.deps,
      { accountId: rig.accountId, connectionId, objects: ["profiles", "events"] },
      anySignal,
    );
    await rig.settled();

    expect(await rig.sync("events", "periodic")).toMatchObject({ cutSeq: 2 });
    expect((await rig.sync("events", "historical")).completedAt).not.toBeNull();
    expect(rig.server.tables.events.size).toBe(4);
  });

  test("puts the syncs of an object that is left out to sleep, and wakes them without a gap", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)], events: [events(1, 1)] });
    const { id: connectionId } = await rig.connect();
    const ref = { accountId: rig.accountId, connectionId };
    await saveSelection(rig.deps, { ...ref, objects: ["profiles"] }, anySignal);
    await publishChanges(rig.deps, rig.accountId, { events: [events(2, 3)] });
    await rig.tick();
    const asleep = rig.server.tables.events.size;

    await saveSelection(rig.deps, { ...ref, objects: ["profiles", "events"] }, anySignal);
    await rig.settled();

    expect(asleep).toBe(1);
    expect(rig.server.tables.events.size).toBe(3);
  });
});

describe("the history window", () => {
  test("is counted from the plan's frozen instant, by the time of the event", async () => {
    await using rig = await syncRig();
    const files = [
      [eventRow("too-old", 0, daysAgo(400))],
      [eventRow("old", 0, daysAgo(31)), eventRow("young", 0, daysAgo(29))],
      [eventRow("today", 0, daysAgo(0))],
      [eventRow("ancient", 0, daysAgo(4_000))],
    ];
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 3)], events: files });

    await rig.connect({ selection: { history: "30d" } });

    expect(sent(rig)).toEqual(["today", "young"]);
    expect(rig.server.tables.profiles.size).toBe(3);
    const sync = await rig.sync("events", "historical");
    expect(sync).toMatchObject({ watermark: { seq: 1, file: 4 } });
    const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
    expect(tilingFaults({ seq: 0, file: 0 }, receipts, () => 4)).toEqual([]);
  });

  test("with nothing in it completes at once, without a batch", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { events: [[eventRow("old", 0, daysAgo(90))]] });

    await rig.connect({ selection: { history: "30d" } });

    expect((await rig.sync("events", "historical")).completedAt).not.toBeNull();
    expect(rig.server.receipts).toEqual([]);
  });

  test("does not hold back an event that is late: it goes with the hour in which it came", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { events: [events(1, 1)] });
    await rig.connect({ selection: { history: "30d" } });
    await publishChanges(rig.deps, rig.accountId, { events: [[eventRow("late", 0, daysAgo(200))]] });

    await rig.tick();

    expect(sent(rig)).toContain("late");
  });
});

describe("an hour without news", () => {
  test("wakes no warehouse but once a day, to see whether the login still holds", async () => {
    await using rig = await syncRig();
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
    await rig.connect({ selection: { objects: ["profiles"] } });
    const before = rig.server.opened;

    for (let hour = 0; hour < 23; hour += 1) await rig.tick();
    const within = rig.server.opened;
    await rig.tick();

    expect(within).toBe(before);
    expect(rig.server.opened).toBe(before + 1);
    const sync = await rig.sync("profiles", "periodic");
    expect(sync.lastCheckedAt).toBe(rig.clock.now());
  });
});
