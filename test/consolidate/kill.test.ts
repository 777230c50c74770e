import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failConsolidation } from "../../lib/flows/consolidate/close-consolidation.ts";
import { consolidationSlot } from "../../lib/flows/store/consolidations.ts";
import { currentLease } from "../../lib/flows/store/leases.ts";
import { changeEntries } from "../../lib/flows/store/log.ts";
import {
  type ConsolidationRig,
  consolidationRig,
  contentOf,
  countsOf,
  smallLimits,
} from "../support/consolidation-rig.ts";
import { Killed, type KillPlan, type KillPoints, withKillPoints } from "../support/kill-points.ts";
import type { OracleEntry } from "../support/oracle.ts";

const signal = new AbortController().signal;
const at = Date.UTC(2026, 10, 24, 12);

/** What was there before: two profiles, one event. */
const before: readonly OracleEntry[] = [
  {
    acceptedAt: at,
    rows: [
      { external_id: "a", email: "a@x", patch: { json: { properties: { k: 1 } } } },
      { email: "b@x", patch: { texts: { title: "B" } } },
    ],
  },
  { acceptedAt: at + 1, rows: [{ email: "b@x", event: { metric_name: "Opened", atMs: at } }] },
];

/** What comes: a new profile, a changed one, a stolen e-mail address, events new and old, two of them equal. */
const after: readonly OracleEntry[] = [
  {
    acceptedAt: at + 2,
    rows: [
      { external_id: "c", patch: { json: { properties: { k: 1 } } } },
      { external_id: "a", email: "b@x", patch: { json: { properties: { k: null, l: [1] } } } },
      { external_id: "a", patch: { texts: { title: "A" } } },
    ],
  },
  {
    acceptedAt: at + 3,
    rows: [
      { email: "b@x", event: { metric_name: "Opened", atMs: at } },
      { external_id: "d", event: { metric_name: "Closed", atMs: at + 1 } },
      { external_id: "d", event: { metric_name: "Closed", atMs: at + 1 } },
      { external_id: "d", event: { metric_name: "Closed", unique_id: "u", atMs: at - 90 * 86_400_000 } },
    ],
  },
];

/** `stride`: every so many points are tried, since one takes most of a second. `KILL_STRIDE=1` tries all. */
describe.each([
  ["in one step", undefined, 9],
  ["fanned out", smallLimits({ entries: 1 }), 41],
])("a consolidation %s, killed at any effect and begun again", (_, limits, sparse) => {
  const stride = Number(process.env["KILL_STRIDE"] ?? sparse);
  let start: ConsolidationRig;
  let golden: Awaited<ReturnType<typeof outcomeOf>>;
  let points: readonly string[];

  beforeAll(async () => {
    start = await consolidationRig(limits);
    for (const entry of before) await start.accept(entry);
    await start.consolidate();
    for (const entry of after) await start.accept(entry);
    using rig = await consolidationRig(limits, start);
    const recording = await killed(rig, "record");
    points = recording.points;
    golden = await outcomeOf(rig);
  });
  afterAll(() => start[Symbol.dispose]());

  test("comes to the same, and leaves nothing behind", async () => {
    expect(points.length).toBeGreaterThan(40);
    expect(golden.orphans).toEqual([]);
    for (let [killAt, turn] = [0, 0]; killAt < points.length; killAt += stride, turn += 1) {
      using rig = await consolidationRig(limits, start);
      const { isDead } = await killed(rig, { killAt });
      expect(isDead).toBe(true);

      if (turn % 2 === 0) await closeAttempt(rig);
      await rig.consolidate();

      expect(await outcomeOf(rig), `killed at ${points[killAt]}`).toEqual(golden);
    }
  }, 600_000);
});

async function killed(rig: ConsolidationRig, plan: KillPlan): Promise<KillPoints> {
  const wrapped: KillPoints[] = [];
  try {
    await rig.consolidate((deps) => {
      const points = withKillPoints(deps, plan);
      wrapped.push(points);
      return points.deps;
    });
  } catch (error) {
    // The rig names what failed; what a dead process thinks of it is of no account.
    if (!(error instanceof Killed) && !String(error).includes("Killed")) throw error;
  }
  const [points] = wrapped;
  if (points === undefined) throw new TypeError("nothing was wrapped");
  return points;
}

/** What the sweep does with an attempt whose execution ended badly. */
async function closeAttempt(rig: ConsolidationRig): Promise<void> {
  const { attempt, attemptOpen } = await consolidationSlot(rig.deps.table, rig.accountId);
  if (attemptOpen) await failConsolidation(rig.deps, { accountId: rig.accountId, attempt }, signal);
}

async function outcomeOf(rig: ConsolidationRig) {
  const slot = await consolidationSlot(rig.deps.table, rig.accountId);
  const lease = await currentLease(rig.deps.table, rig.accountId, "consolidate");
  const entries = await Promise.all(
    (["profiles", "events"] as const).map((object) =>
      changeEntries(rig.deps.table, rig.accountId, object, { afterSeq: 0 }),
    ),
  );
  const work = await rig.deps.files.list(`work/${rig.accountId}/`);
  return {
    content: await contentOf(rig),
    counts: await countsOf(rig),
    entries: entries.map((log) => log.map(({ seq, files, rows }) => ({ seq, files, rows }))),
    isOpen: slot.attemptOpen,
    unsettled: slot.unsettledKey,
    leaseHolder: lease?.holder,
    work: work.map((file) => file.key),
    orphans: await orphansOf(rig),
  };
}

/** Change and state files that no published round kept. */
async function orphansOf(rig: ConsolidationRig): Promise<string[]> {
  const kept = new Set<string>();
  const all: string[] = [];
  for (const place of ["change", "state"]) {
    for (const { key } of await rig.deps.files.list(`${place}/${rig.accountId}/`)) {
      all.push(key);
      if (!key.endsWith("/outcome.json")) continue;
      const bytes = await rig.deps.files.get(key);
      const outcome = JSON.parse(new TextDecoder().decode(bytes)) as { kept: string[] };
      for (const name of outcome.kept) kept.add(name);
    }
  }
  return all.filter((key) => !kept.has(key));
}
