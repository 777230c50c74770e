import type { IntakeEntry } from "../../model/log.ts";
import { minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { openSlot } from "../store/consolidations.ts";
import { accountPointer, intakeEntries } from "../store/log.ts";
import { partsIn, partsOf, scopeOf } from "./advance-round.ts";
import { ownLease } from "./consolidation-lease.ts";
import { publishRound } from "./publish-round.ts";
import { AttemptRequest, type ConsolidateState, phases } from "./requests.ts";
import { resolveRound } from "./resolve-round.ts";
import { type PartSizes, type Round, withLists } from "./round.ts";
import { type RoundRef, stepOnce } from "./round-files.ts";
import { runPart } from "./run-part.ts";
import { settleRound } from "./settle-round.ts";

export const ConsolidateRoundRequest = AttemptRequest;

/** How much a round takes in, and how it is parted. */
export interface RoundLimits {
  /** An entry is never cut, so a single large one makes a round of its own. */
  readonly entries: number;
  readonly rows: number;
  readonly bytes: number;
  /** A round of at most this many rows is done within one step; a larger one is fanned out. */
  readonly inlineRows: number;
  readonly sizes: PartSizes;
}

/** Sized for one machine with two cores and a gigabyte: see `bench/consolidate.ts`. */
export const roundLimits: RoundLimits = {
  entries: 100,
  rows: 4_000_000,
  bytes: 2 * 1024 ** 3,
  inlineRows: 200_000,
  sizes: {
    chunkRows: 2_000_000,
    indexRows: 600_000,
    mergeRows: 100_000,
    bucketRows: 1_000_000,
    fileRows: 500_000,
    compaction: { deltas: 32, staleRows: 1_000 },
  },
};

/** A step goes on to the next small round only within this time, to stay far from its own limit. */
const stepMsMax = 4 * minuteMs;

/** Begins a round of what waits in the intake log. Small rounds are done here and now, one after the other. */
export async function consolidateRound(
  deps: Deps,
  request: AttemptRequest,
  signal: AbortSignal,
  limits: RoundLimits = roundLimits,
): Promise<ConsolidateState> {
  const { accountId, attempt } = request;
  const startedAt = deps.clock.now();
  for (;;) {
    signal.throwIfAborted();
    await openSlot(deps.table, accountId, attempt);
    await ownLease(deps, request);
    await settleRound(deps, request);
    const begun = await beginRound(deps, request, signal, limits);
    if (begun === null) return { accountId, attempt, next: "end" };
    if (begun.round.rows > limits.inlineRows) {
      const state = await partsOf(deps, begun.ref, phases[0]);
      if (state !== null) return state;
    }
    await doRound(deps, begun.ref, signal);
    if (deps.clock.now() - startedAt > stepMsMax) return { accountId, attempt, next: "again" };
  }
}

/** Freezes the next round and resolves its identities; null when nothing waits. */
async function beginRound(
  deps: Deps,
  request: AttemptRequest,
  signal: AbortSignal,
  limits: RoundLimits,
): Promise<{ readonly ref: RoundRef; readonly round: Round } | null> {
  const { accountId, attempt } = request;
  const pointer = await accountPointer(deps.table, accountId);
  const waiting = await intakeEntries(deps.table, accountId, pointer.intakeSeq, limits.entries);
  if (waiting.length === 0) return null;
  const ref: RoundRef = { accountId, attempt, round: pointer.version + 1 };
  const round = await stepOnce<Round>(deps, ref, "round", signal, async () => {
    const entries = withinLimits(waiting, limits);
    return {
      stateKey: pointer.stateKey,
      entries: await withLists(deps, entries),
      profilesSeq: pointer.profilesSeq + 1,
      eventsSeq: pointer.eventsSeq + 1,
      rows: entries.reduce((sum, entry) => sum + entry.profileRows + entry.eventRows, 0),
      sizes: limits.sizes,
    };
  });
  await resolveRound(deps, ref, round, signal);
  return { ref, round };
}

function withinLimits(waiting: readonly IntakeEntry[], limits: RoundLimits): readonly IntakeEntry[] {
  let [rows, bytes] = [0, 0];
  const end = waiting.findIndex((entry, index) => {
    rows += entry.profileRows + entry.eventRows;
    bytes += entry.bytes;
    return index > 0 && (rows > limits.rows || bytes > limits.bytes);
  });
  return end < 0 ? waiting : waiting.slice(0, end);
}

async function doRound(deps: Deps, ref: RoundRef, signal: AbortSignal): Promise<void> {
  for (const phase of phases) {
    for (const part of await partsIn(deps, ref, phase)) await runPart(deps, part, signal);
  }
  await publishRound(deps, ref, await scopeOf(deps, ref), signal);
}
