import { expect, test } from "vitest";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweepRuns } from "../../lib/flows/dispatch/sweep-runs.ts";
import { listedRuns, outstandingCommit, runsOf } from "../../lib/flows/store/runs.ts";
import type { ErrorCode } from "../../lib/model/error-codes.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { eventRow, profileRow } from "../support/change-files.ts";
import { publishChanges } from "../support/change-log.ts";
import { Dice } from "../support/dice.ts";
import type { Mischief } from "../support/memory-warehouse.ts";
import { tilingFaults } from "../support/receipts.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

const hours = 10;
const passing = ["CONNECTION_LOST", "TIMEOUT", "THROTTLED", "DEST_BUSY", "CONFLICT", "UNKNOWN", "STAGED_GONE"] as const;

/** What the warehouse has to hold in the end: the last version of each profile, and each event. */
interface Golden {
  readonly titles: Map<string, string>;
  readonly events: Set<string>;
  readonly filesBySeq: Map<string, number>;
}

async function publishSome(rig: SyncRig, dice: Dice, hour: number, golden: Golden): Promise<void> {
  const times = 1 + dice.below(2);
  for (let time = 0; time < times; time += 1) {
    const title = `${hour}.${time}`;
    const profileFiles = Array.from({ length: 1 + dice.below(4) }, (_, file) =>
      Array.from({ length: 1 + dice.below(3) }, (_, row) =>
        profileRow(`p${file}-${(dice.below(4) + row) % 6}`, 0, { title }),
      ),
    ).map((rows) => [...new Map(rows.map((row) => [row["id"], row])).values()]);
    const eventFiles = Array.from({ length: 1 + dice.below(3) }, (_, file) => [eventRow(`e${title}-${file}`, 0)]);
    await publishChanges(rig.deps, rig.accountId, { profiles: profileFiles, events: eventFiles });
    for (const row of profileFiles.flat()) golden.titles.set(String(row["id"]), title);
    for (const row of eventFiles.flat()) golden.events.add(String(row["id"]));
    const seq = golden.filesBySeq.size / 2 + 1;
    golden.filesBySeq.set(`profiles/${seq}`, profileFiles.length);
    golden.filesBySeq.set(`events/${seq}`, eventFiles.length);
  }
}

function mischiefOf(dice: Dice): Mischief {
  const maybe = (share: number) => () => {
    if (dice.chance(share)) throw new SyncError(passing[dice.below(passing.length)] as ErrorCode);
  };
  return {
    onOpen: maybe(0.1),
    onStage: maybe(0.2),
    onCommit: maybe(0.25),
    onAnswer: maybe(0.25),
    onReceipts: maybe(0.1),
    pollsNeeded: dice.below(3),
  };
}

async function troubledHour(rig: SyncRig, dice: Dice): Promise<void> {
  rig.clock.wind(hourMs);
  rig.server.mischief = mischiefOf(dice);
  const worker = rig.process(dice.chance(0.5) ? { killAt: dice.below(150) } : "record");
  await sweepRuns(worker.deps, anySignal).catch(() => undefined);
  await startDueSyncs(worker.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
  await worker.settled();
}

async function calmDown(rig: SyncRig): Promise<void> {
  rig.server.mischief = {};
  for (let tick = 0; tick < 3; tick += 1) {
    const worker = rig.process();
    await sweepRuns(worker.deps, anySignal);
    await worker.settled();
    rig.clock.wind(hourMs);
    await startDueSyncs(worker.deps, { accountId: rig.accountId }, anySignal);
    await worker.settled();
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  "whatever fails, dies or is late, it all arrives once in the end (seed %i)",
  async (seed) => {
    await using rig = await syncRig(seed);
    const dice = new Dice(seed);
    const golden: Golden = { titles: new Map(), events: new Set(), filesBySeq: new Map() };
    await publishSome(rig, dice, 0, golden);
    const cut = golden.filesBySeq.size / 2;
    await rig.connect();

    for (let hour = 1; hour <= hours; hour += 1) {
      await publishSome(rig, dice, hour, golden);
      await troubledHour(rig, dice);
    }
    await calmDown(rig);

    const titles = [...rig.server.tables.profiles].map(([id, row]) => [id, row["title"]]);
    expect(Object.fromEntries(titles)).toEqual(Object.fromEntries(golden.titles));
    expect([...rig.server.tables.events.keys()].sort()).toEqual([...golden.events].sort());
    expect(await listedRuns(rig.deps.table, "open-runs")).toEqual([]);
    for (const object of ["profiles", "events"] as const) {
      const sync = await rig.sync(object, "periodic");
      expect(sync).toMatchObject({ runId: null, lastError: null });
      const filesOf = (seq: number) => golden.filesBySeq.get(`${object}/${seq}`) ?? 0;
      const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
      expect(tilingFaults({ seq: cut, file: filesOf(cut) }, receipts, filesOf)).toEqual([]);
      expect(sync.watermark).toEqual({ seq: golden.filesBySeq.size / 2, file: filesOf(golden.filesBySeq.size / 2) });
      expect(await outstandingCommit(rig.deps.table, rig.accountId, sync.connectionId, object)).toBeUndefined();
      const { runs } = await runsOf(rig.deps.table, rig.accountId, sync.id, { limit: 100 });
      expect(runs.every((run) => run.state === "completed")).toBe(true);
    }
  },
);
