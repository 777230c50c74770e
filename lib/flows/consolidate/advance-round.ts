import type { Deps } from "../deps.ts";
import { openSlot } from "../store/consolidations.ts";
import { fileKeys } from "../store/keys.ts";
import { writeList } from "../store/records.ts";
import { ownLease } from "./consolidation-lease.ts";
import { publishRound } from "./publish-round.ts";
import { type ConsolidateState, type PartRequest, type Phase, PhaseRequest, phases } from "./requests.ts";
import type { Resolution } from "./resolve-round.ts";
import type { Round } from "./round.ts";
import { answerOf, type RoundRef, roundFolder } from "./round-files.ts";
import { partCount } from "./run-part.ts";

export const AdvanceRoundRequest = PhaseRequest;

/** Goes on to the next phase once all parts of one are done; after the last, publishes. */
export async function advanceRound(deps: Deps, request: PhaseRequest, signal: AbortSignal): Promise<ConsolidateState> {
  const { accountId, attempt, round, phase } = request;
  const ref: RoundRef = { accountId, attempt, round };
  await openSlot(deps.table, accountId, attempt);
  await ownLease(deps, ref);
  for (const next of phases.slice(phases.indexOf(phase) + 1)) {
    const state = await partsOf(deps, ref, next);
    if (state !== null) return state;
  }
  await publishRound(deps, ref, await scopeOf(deps, ref), signal);
  return { accountId, attempt, next: "again" };
}

/** The state in which the machine works on the parts of a phase; null for a phase without parts. */
export async function partsOf(deps: Deps, ref: RoundRef, phase: Phase): Promise<ConsolidateState | null> {
  const items = await partsIn(deps, ref, phase);
  if (items.length === 0) return null;
  const itemsKey = fileKeys.work(ref.accountId, roundFolder(ref), `${phase}-items.json`);
  await writeList(deps.files, itemsKey, items);
  const { accountId, attempt, round } = ref;
  return { accountId, attempt, round, next: "parts", phase, itemsKey };
}

/** The parts of a phase, as requests. */
export async function partsIn(deps: Deps, ref: RoundRef, phase: Phase): Promise<readonly PartRequest[]> {
  const count = partCount(phase, await scopeOf(deps, ref));
  return Array.from({ length: count }, (_, part) => ({ ...ref, phase, part }));
}

/** What the round works on, and what its identities came to. */
export async function scopeOf(deps: Deps, ref: RoundRef): Promise<{ round: Round; resolution: Resolution }> {
  return {
    round: await answerOf<Round>(deps, ref, "round"),
    resolution: await answerOf<Resolution>(deps, ref, "resolved"),
  };
}
