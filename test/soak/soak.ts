import { isDeepStrictEqual } from "node:util";
import { retryConnection } from "../../lib/flows/connections/retry-connection.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweepRuns } from "../../lib/flows/dispatch/sweep-runs.ts";
import { listedRuns, skipsOf } from "../../lib/flows/store/runs.ts";
import { pauseSync } from "../../lib/flows/sync/pause-sync.ts";
import { readReceipts } from "../../lib/flows/sync/read-receipts.ts";
import { resumeSync } from "../../lib/flows/sync/resume-sync.ts";
import { retrySync } from "../../lib/flows/sync/retry-sync.ts";
import { dataObjects } from "../../lib/model/log.ts";
import type { SyncRecord } from "../../lib/model/sync.ts";
import { hourMs, minuteMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { Dice } from "../support/dice.ts";
import { troubled } from "../support/faulty-destination.ts";
import { tilingFaults } from "../support/receipts.ts";
import { contents, openPlace, type Place } from "./place.ts";
import { Source } from "./source.ts";

export interface SoakRequest {
  readonly kind: string;
  readonly seed: number;
  /** Whether to go on after so many hours of the rig's clock. */
  readonly goesOn: (hours: number) => boolean;
}

export interface SoakReport {
  readonly hours: number;
  readonly entries: number;
  readonly rows: { readonly profiles: number; readonly events: number };
  /** How often each source of faults struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** Calm hours until nothing was left to send. Many are slow, not wrong. */
  readonly drainHours: number;
  /** What does not hold, as sentences; empty where all does. */
  readonly broken: readonly string[];
}

const drainHoursMax = 100;

/**
 * Lets six sources of trouble loose at once on a sync that runs every hour, then calms down, waits until nothing is left
 * to send, and compares source, receipts and warehouse by content. The warehouse fails, lies and dawdles; elders wake
 * late; processes die at any effect; two work at once; users pause, resume and retry; the clock jumps.
 */
export async function runSoak({ kind, seed, goesOn }: SoakRequest): Promise<SoakReport> {
  await using place = await openPlace(kind, seed);
  const { rig, faulty } = place;
  const dice = new Dice(seed);
  const source = new Source(rig.deps, rig.accountId, dice, place.poisonShare);
  const told = { deaths: 0, twins: 0, users: 0, jumps: 0 };
  await source.publish();
  await place.connect();
  const cut = source.seq;
  let hours = 0;
  for (; goesOn(hours); hours += 1) {
    faulty.behave(troubled);
    for (let times = 1 + dice.below(2); times > 0; times -= 1) await source.publish();
    await troubledHour(place, dice, told);
  }
  faulty.behave(undefined);
  await faulty.wakeSleepers();
  const drainHours = await drain(place);
  return {
    hours,
    entries: source.seq,
    rows: { profiles: source.profiles.size, events: source.events.size },
    faults: { ...faulty.faults, ...told },
    drainHours,
    broken: await brokenPromises(place, source, cut),
  };
}

async function troubledHour(place: Place, dice: Dice, told: Record<string, number>): Promise<void> {
  const { rig } = place;
  const jumpMs = dice.chance(0.1) ? 4 * hourMs : dice.chance(0.1) ? -10 * minuteMs : 0;
  if (jumpMs !== 0) told["jumps"] = (told["jumps"] ?? 0) + 1;
  rig.clock.wind(hourMs + jumpMs);
  await userMeddles(place, dice, told);
  const isTwin = dice.chance(0.3);
  if (isTwin) told["twins"] = (told["twins"] ?? 0) + 1;
  const workers = Array.from({ length: isTwin ? 2 : 1 }, async () => {
    const worker = rig.process(dice.chance(0.4) ? { killAt: dice.below(200) } : "record");
    await sweepRuns(worker.deps, anySignal).catch(() => undefined);
    await startDueSyncs(worker.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
    await worker.settled();
    if (worker.kills.isDead) told["deaths"] = (told["deaths"] ?? 0) + 1;
  });
  await Promise.all(workers);
  if (dice.chance(0.3)) await place.faulty.wakeSleepers();
}

async function userMeddles({ rig }: Place, dice: Dice, told: Record<string, number>): Promise<void> {
  if (!dice.chance(0.3)) return;
  const sync = await rig.sync(dice.chance(0.5) ? "profiles" : "events", "periodic");
  const ref = { accountId: rig.accountId, syncId: sync.id };
  const acts = [pauseSync, resumeSync, retrySync] as const;
  // Refused where it makes no sense just now.
  const act = acts[dice.below(acts.length)] ?? resumeSync;
  await act(rig.deps, ref, anySignal).then(
    () => {
      told["users"] = (told["users"] ?? 0) + 1;
    },
    () => undefined,
  );
  await rig.settled();
}

/** Calm hours until every sync is through; what failed for good meanwhile is enabled again, as its owner would. */
async function drain({ rig }: Place): Promise<number> {
  for (let hours = 0; hours < drainHoursMax; hours += 1) {
    const syncs = await allSyncs(rig);
    if (hours > 1 && syncs.every(isThrough)) return hours;
    for (const { id, pausedAt } of syncs)
      if (pausedAt !== null) await resumeSync(rig.deps, { accountId: rig.accountId, syncId: id }, anySignal);
    const failed = syncs.find(({ failedAt }) => failedAt !== null);
    if (failed !== undefined)
      await retryConnection(rig.deps, { accountId: rig.accountId, connectionId: failed.connectionId }, anySignal);
    await sweepRuns(rig.deps, anySignal);
    await rig.settled();
    await rig.tick();
  }
  return drainHoursMax;
}

function isThrough(sync: SyncRecord): boolean {
  return sync.runId === null && sync.lastError === null && sync.failedAt === null && sync.pausedAt === null;
}

async function allSyncs(rig: Place["rig"]): Promise<readonly SyncRecord[]> {
  const modes = ["historical", "periodic"] as const;
  return Promise.all(modes.flatMap((mode) => dataObjects.map((object) => rig.sync(object, mode))));
}

async function brokenPromises(place: Place, source: Source, cut: number): Promise<readonly string[]> {
  const { rig } = place;
  const broken = (await listedRuns(rig.deps.table, "open-runs")).map(({ runId }) => `run ${runId} is still open`);
  for (const object of dataObjects) {
    broken.push(...differences(object, contents([...source[object].values()], object), await place.rows(object)));
    broken.push(...(await brokenReceipts(place, source, object, cut)));
  }
  return broken;
}

function differences(
  object: string,
  wanted: ReadonlyMap<string, unknown>,
  found: ReadonlyMap<string, unknown>,
): readonly string[] {
  const missing = [...wanted.keys()].filter((id) => !found.has(id)).map((id) => `${object} ${id} is missing`);
  const extra = [...found.keys()].filter((id) => !wanted.has(id)).map((id) => `${object} ${id} was never published`);
  const other = [...wanted]
    .filter(([id, row]) => found.has(id) && !isDeepStrictEqual(found.get(id), row))
    .map(([id, row]) => `${object} ${id} is ${JSON.stringify(found.get(id))}, not ${JSON.stringify(row)}`);
  return [...missing, ...extra, ...other];
}

/** Receipts and skips tile the log from the cut to its head, count its rows, and end where the watermark stands. */
async function brokenReceipts({ rig }: Place, source: Source, object: "profiles" | "events", cut: number) {
  const sync = await rig.sync(object, "periodic");
  const after = { seq: cut, file: source.filesOf(object, cut) };
  const head = { seq: source.seq, file: source.filesOf(object, source.seq) };
  const ref = { accountId: rig.accountId, syncId: sync.id, after };
  const { receipts } = await readReceipts(rig.deps, ref, anySignal);
  const skips = await skipsOf(rig.deps.table, rig.accountId, sync.id);
  const gaps = tilingFaults(after, [...receipts, ...skips], (seq) => source.filesOf(object, seq));
  const miscounted = receipts.flatMap(({ first, last, rowsStaged, rowsQuarantined }) => {
    const rows = source.rowsBetween(object, first, last);
    const said = rowsStaged + rowsQuarantined;
    return said === rows ? [] : [`${object}: a receipt of ${rows} rows counts ${said}`];
  });
  const elders = receipts.filter(({ fence }, index) => fence <= (receipts[index - 1]?.fence ?? 0));
  const stale = elders.map(
    ({ planId, fence }) => `${object}: a receipt of ${planId} has the fence ${fence} of one before it`,
  );
  const isAtHead = isDeepStrictEqual(sync.watermark, head);
  const behind = isAtHead
    ? []
    : [`${object}: the watermark is ${JSON.stringify(sync.watermark)}, the head ${JSON.stringify(head)}`];
  return [...gaps, ...miscounted, ...stale, ...behind];
}
