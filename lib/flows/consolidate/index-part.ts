import { mergeRuns } from "../../engine/consolidate/compact-state.ts";
import { indexEvents } from "../../engine/consolidate/index-events.ts";
import type { EngineSession } from "../../engine/engine.ts";
import type { StatePartition } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { compactionOf, withDelta } from "./compaction.ts";
import { partitionOf, type Round, stateOf } from "./round.ts";
import { answerOf, type RoundRef, type StepFiles, stepOnce } from "./round-files.ts";
import { indexParts, type RoundScope } from "./round-parts.ts";
import { allShuffled, keysOf } from "./shuffle-part.ts";

/** What became of the events of some partitions, and these partitions of the event index from now on. */
export interface Indexed {
  readonly partitions: readonly { readonly number: number; readonly partition: StatePartition }[];
  readonly exceptionsKey: string | null;
  readonly accepted: readonly { readonly seq: number; readonly rows: number }[];
}

const nothing: Indexed = { partitions: [], exceptionsKey: null, accepted: [] };

/** Decides which events of some partitions are new, and adds them to the event index. */
export async function indexPart(
  deps: Deps,
  ref: RoundRef,
  scope: RoundScope,
  part: number,
  signal: AbortSignal,
): Promise<Indexed> {
  return stepOnce(deps, ref, `index-${part}`, signal, async (files) => {
    const numbers = indexParts(scope)[part] ?? [];
    const ids = keysOf((await allShuffled(deps, ref, scope)).ids, numbers);
    if (ids.length === 0) return nothing;
    const { eventIndex } = await stateOf(deps, scope.round);
    const index = numbers.flatMap((number) => keysOfPartition(partitionOf(eventIndex, number)));
    await using session = await deps.engine.open(signal);
    const found = await indexEvents(session, {
      ids: await files.paths(ids),
      index: await files.paths(index),
      folder: files.folder,
    });
    const partitions: Indexed["partitions"][number][] = [];
    for (const run of found.runs) {
      const file = await files.keep("state", `index-${run.part}.parquet`, run);
      const grown = withDelta(partitionOf(eventIndex, run.part), file, file.rows);
      partitions.push({
        number: run.part,
        partition: await compactIndex(session, files, grown, scope.round, run.part),
      });
    }
    return {
      partitions,
      exceptionsKey: found.exceptions ? await files.keepWork("exceptions.parquet", found.exceptions) : null,
      accepted: found.accepted,
    };
  });
}

/** What became of all events of a round. */
export async function allIndexed(deps: Deps, ref: RoundRef, scope: RoundScope): Promise<readonly Indexed[]> {
  return Promise.all(indexParts(scope).map((_, part) => answerOf<Indexed>(deps, ref, `index-${part}`)));
}

function keysOfPartition({ base, deltas }: StatePartition): string[] {
  return [...(base === null ? [] : [base]), ...deltas].map((file) => file.key);
}

async function compactIndex(
  session: EngineSession,
  files: StepFiles,
  partition: StatePartition,
  round: Round,
  number: number,
): Promise<StatePartition> {
  const what = compactionOf(partition, round.sizes.compaction);
  if (what === "none") return partition;
  const { base, deltas } = partition;
  const merged = what === "all" && base !== null ? [base, ...deltas] : deltas;
  const written = await mergeRuns(session, await files.paths(merged.map((file) => file.key)), files.folder);
  const file = await files.keep("state", `index-${number}-merged.parquet`, written);
  return { ...partition, ...(what === "all" ? { base: file, deltas: [] } : { deltas: [file] }) };
}
