import { expect, test } from "vitest";
import { destinations } from "../../lib/destinations/registry.ts";
import { previewSelection } from "../../lib/flows/preview/preview-selection.ts";
import { accountPointer, publishState } from "../../lib/flows/store/log.ts";
import { dayMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { eventRow } from "../support/change-files.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";

test("a preview counts what a first sync then sends, within its window", async () => {
  await using rig = await syncRig();
  const old = { event_at: "2020-01-01 00:00:00" };
  await publishChanges(rig.deps, rig.accountId, {
    profiles: [profiles(1, 5), profiles(6, 7)],
    events: [[eventRow("e1", 0), eventRow("e2", 0)], [eventRow("e3", 0, old)]],
  });
  const request = { accountId: rig.accountId, kind: "memory" } as const;

  const all = await previewSelection(rig.deps, { ...request, selection: {} }, anySignal);
  const recent = await previewSelection(rig.deps, { ...request, selection: { history: "1y" } }, anySignal);
  await rig.connect({ selection: { history: "1y" } });

  expect(all).toMatchObject({ total: { rows: 10, files: 4 }, isUpperBound: false, warnings: [] });
  expect(recent.objects).toMatchObject([
    { object: "profiles", rows: 7, files: 2 },
    { object: "events", rows: 2, files: 1, isUpperBound: true },
  ]);
  expect([rig.server.tables.profiles.size, rig.server.tables.events.size]).toEqual([7, 2]);
  expect(recent.total.bytes).toBeGreaterThan(0);
  expect(recent.selection.history).toBe("1y");
});

test("a preview takes kind and selection from the connection, and says when rows may be left out", async () => {
  await using rig = await syncRig();
  await publishChanges(rig.deps, rig.accountId, { events: [[eventRow("e1", 0)]] });
  await rig.connect({ selection: { objects: ["events"], metrics: ["Placed Order"] } });

  const preview = await previewSelection(rig.deps, { accountId: rig.accountId, selection: {} }, anySignal);

  expect(preview).toMatchObject({ kind: "memory", selection: { objects: ["events"] }, isUpperBound: true, cost: null });
  expect(preview.objects).toHaveLength(1);
});

test("each kind says what a large load costs, with a source for every price", async () => {
  const load = { rows: 50_000_000, bytes: 20e9, files: 800, batches: 40, seconds: 2_500 };

  for (const [kind, loadKind] of Object.entries(destinations)) {
    const { default: destination } = await loadKind();
    const items = destination.costs?.(load);
    expect(items, kind).toBeDefined();
    for (const { quantity, price } of items ?? []) {
      expect(quantity).toBeGreaterThan(0);
      expect(price).toMatchObject({ page: expect.stringMatching(/^https:/), seen: expect.any(String) });
    }
  }
});

test("a large history is warned of", async () => {
  await using rig = await syncRig();
  const now = rig.clock.now();
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  const { table } = rig.deps;
  const entry = { object: "events", seq: 1, listKey: "none", files: 900, rows: 30_000_000, bytes: 9e9 } as const;
  const pointer = await accountPointer(table, rig.accountId);
  const next = { ...pointer, version: pointer.version + 1, eventsSeq: 1 };
  const times = { publishedAt: now, acceptedAtMin: (now - dayMs) as typeof now };
  await table.transact(publishState(rig.accountId, next, [{ ...entry, ...times }]));

  const preview = await previewSelection(
    rig.deps,
    { accountId: rig.accountId, kind: "memory", selection: { objects: ["events"] } },
    anySignal,
  );

  expect(preview.total).toMatchObject({ rows: 30_000_000, seconds: 1_500 });
  expect(preview.warnings).toEqual([expect.stringContaining("30,000,000 rows")]);
});
