import type { Deps } from "../deps.ts";
import { openSlot } from "../store/consolidations.ts";
import { finishPart } from "./finish-part.ts";
import { indexPart } from "./index-part.ts";
import { PartRequest, type Phase } from "./requests.ts";
import type { Resolution } from "./resolve-round.ts";
import type { Round } from "./round.ts";
import { answerOf, type RoundRef } from "./round-files.ts";
import { finishParts, indexParts, type RoundScope, shuffleParts } from "./round-parts.ts";
import { shufflePart } from "./shuffle-part.ts";

export const RunPartRequest = PartRequest;

/** Works on one part of a phase. Once it is done, a repeat finds its answer and does nothing. */
export async function runPart(deps: Deps, request: PartRequest, signal: AbortSignal): Promise<void> {
  await openSlot(deps.table, request.accountId, request.attempt);
  const round = await answerOf<Round>(deps, request, "round");
  const resolution = await answerOf<Resolution>(deps, request, "resolved");
  await work[request.phase](deps, request, { round, resolution }, request.part, signal);
}

/** How many parts a phase of the round has. */
export function partCount(phase: Phase, scope: RoundScope): number {
  return { shuffle: shuffleParts, index: indexParts, finish: finishParts }[phase](scope).length;
}

type PartWork = (deps: Deps, ref: RoundRef, scope: RoundScope, part: number, signal: AbortSignal) => Promise<unknown>;

const work: Readonly<Record<Phase, PartWork>> = { shuffle: shufflePart, index: indexPart, finish: finishPart };
