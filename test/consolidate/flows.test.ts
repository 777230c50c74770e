import { describe, expect, test } from "vitest";
import { consolidationLag } from "../../lib/flows/consolidate/consolidation-lag.ts";
import { startConsolidation } from "../../lib/flows/consolidate/start-consolidation.ts";
import { sweepConsolidations } from "../../lib/flows/consolidate/sweep-consolidations.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { ExecutionStatus, Workflows } from "../../lib/flows/ports.ts";
import { consolidationSlot } from "../../lib/flows/store/consolidations.ts";
import { accountPointer, changeEntries, changeFiles } from "../../lib/flows/store/log.ts";
import { hourMs } from "../../lib/model/time.ts";
import {
  type ConsolidationRig,
  consolidationRig,
  contentOf,
  countsOf,
  smallLimits,
} from "../support/consolidation-rig.ts";
import type { OracleRow } from "../support/oracle.ts";

const signal = new AbortController().signal;
const at = Date.UTC(2026, 10, 24, 12);
const person: OracleRow = { external_id: "a", email: "a@x", patch: { json: { properties: { k: 1, l: [1, 2] } } } };

/** Workflows that only note what was started; `status` answers for every execution. */
function notingDeps(rig: ConsolidationRig, status?: ExecutionStatus): { deps: Deps; started: string[] } {
  const started: string[] = [];
  const workflows: Workflows = {
    start: async (_, name) => {
      const isNew = !started.includes(name);
      if (isNew) started.push(name);
      return isNew ? "started" : "exists";
    },
    stop: async () => {},
    describe: async () => status,
  };
  const deps = new Proxy(rig.deps, {
    get: (target, name) => (name === "workflows" ? workflows : Reflect.get(target, name)),
  });
  return { deps, started };
}

describe("starting a consolidation", () => {
  test("does nothing when nothing waits", async () => {
    using rig = await consolidationRig();
    const { deps, started } = notingDeps(rig);

    await startConsolidation(deps, { accountId: rig.accountId }, signal);

    expect(started).toEqual([]);
  });

  test("twice starts one execution", async () => {
    using rig = await consolidationRig();
    const { deps, started } = notingDeps(rig);
    await rig.accept({ acceptedAt: at, rows: [person] });

    const answers = [
      await startConsolidation(deps, { accountId: rig.accountId }, signal),
      await startConsolidation(deps, { accountId: rig.accountId }, signal),
    ];

    expect(started).toEqual([`${rig.accountId}-1`]);
    expect(answers).toEqual([{ started: true }, { started: false }]);
  });
});

describe("the sweep", () => {
  test.each<[ExecutionStatus | undefined, number]>([
    [undefined, 1],
    ["RUNNING", 1],
    ["TIMED_OUT", 2],
    ["SUCCEEDED", 2],
  ])("finds an open attempt %s and leaves the slot at attempt %i", async (status, attempt) => {
    using rig = await consolidationRig();
    await rig.accept({ acceptedAt: at, rows: [person] });
    await startConsolidation(notingDeps(rig).deps, { accountId: rig.accountId }, signal);
    const { deps, started } = notingDeps(rig, status);

    await sweepConsolidations(deps, {}, signal);

    const slot = await consolidationSlot(deps.table, rig.accountId);
    expect(slot).toMatchObject({ attempt, attemptOpen: true });
    expect(started).toEqual(status === "RUNNING" ? [] : [`${rig.accountId}-${attempt}`]);
  });

  test("tries a failed consolidation again, later and later", async () => {
    using rig = await consolidationRig();
    await rig.accept({ acceptedAt: at, rows: [person] });
    const failing = notingDeps(rig, "FAILED");
    await startConsolidation(failing.deps, { accountId: rig.accountId }, signal);

    for (let sweep = 0; sweep < 4; sweep += 1) await sweepConsolidations(failing.deps, {}, signal);
    const soon = failing.started.length;
    rig.clock.wind(hourMs);
    await sweepConsolidations(failing.deps, {}, signal);

    expect(failing.started.length).toBeGreaterThan(soon);
  });
});

describe("the lag", () => {
  test("counts what waits, from when the oldest of it reached us", async () => {
    using rig = await consolidationRig();
    await rig.accept({ acceptedAt: at + 5, rows: [person] });
    await rig.accept({ acceptedAt: at, rows: [person] });

    expect(await consolidationLag(rig.deps, rig.accountId)).toEqual({ waitingEntries: 2, oldestAcceptedAt: at });
    await rig.consolidate();
    expect(await consolidationLag(rig.deps, rig.accountId)).toEqual({ waitingEntries: 0, oldestAcceptedAt: null });
  });
});

describe("what a consolidation adds", () => {
  test("is nothing when the same rows come again", async () => {
    using rig = await consolidationRig();
    const opened = { metric_name: "Opened", atMs: at, properties: '{"a":1}' };
    const rows: OracleRow[] = [person, { email: "b@x", patch: { texts: { title: "T" }, cleared: ["image"] } }];
    const events: OracleRow[] = [{ email: "b@x", event: opened }];
    for (const acceptedAt of [at, at + 1]) {
      await rig.accept({ acceptedAt, rows });
      await rig.accept({ acceptedAt, rows: events });
      await rig.consolidate();
    }

    const pointer = await accountPointer(rig.deps.table, rig.accountId);
    expect(pointer).toMatchObject({ version: 2, intakeSeq: 4, profilesSeq: 1, eventsSeq: 1 });
    expect((await countsOf(rig)).slice(2)).toEqual([
      { new: 0, changed: 0, present: 2 },
      { new: 0, changed: 0, present: 1 },
    ]);
  });

  test("tells a list in another order from the same list under moved keys", async () => {
    using rig = await consolidationRig();
    const patches = [{ l: [1, 2] }, { k: 1 }, { l: [2, 1] }];
    for (const [number, properties] of [{ k: 1, l: [1, 2] }, ...patches].entries()) {
      await rig.accept({ acceptedAt: at + number, rows: [{ external_id: "a", patch: { json: { properties } } }] });
      await rig.consolidate();
    }

    expect((await countsOf(rig)).map((count) => count.changed)).toEqual([0, 0, 0, 1]);
    expect((await contentOf(rig)).profiles).toMatchObject([{ properties: '{"k":1,"l":[2,1]}' }]);
  });

  test("is files of events in order of time, none over a month's end, with the range they hold", async () => {
    using rig = await consolidationRig(smallLimits());
    const days = [70, 3, 1, 40, 2, 41, 0, 71, 4, 5];
    const rows = days.map((day) => ({
      email: "a@x",
      event: { metric_name: "Opened", atMs: Date.UTC(2026, 0, 1) + day * 86_400_000 },
    }));
    await rig.accept({ acceptedAt: at, rows });
    await rig.consolidate();

    const [entry] = await changeEntries(rig.deps.table, rig.accountId, "events", { afterSeq: 0 });
    if (entry === undefined) throw new TypeError("no entry");
    const { files } = await changeFiles(rig.deps.files, entry);
    const months = files.map(({ eventAtMin = 0, eventAtMax = 0 }) => [eventAtMin, eventAtMax].map(monthOf));
    expect(months.every(([first, last]) => first === last)).toBe(true);
    expect(new Set(months.flat())).toEqual(new Set(["2026-01", "2026-02", "2026-03"]));
    expect(files.map((file) => file.file)).toEqual(files.map((_, index) => index + 1));
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(10);
    for (const file of files) expect(await timesIn(rig, file.key)).toEqual((await timesIn(rig, file.key)).toSorted());
  });
});

function monthOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7);
}

async function timesIn(rig: ConsolidationRig, key: string): Promise<string[]> {
  await using local = await rig.deps.files.download(key);
  await using session = await rig.deps.engine.open(signal);
  const rows = await session.json(`SELECT event_at FROM read_parquet('${local.path}')`);
  return rows.map((row) => String(row["event_at"]));
}
