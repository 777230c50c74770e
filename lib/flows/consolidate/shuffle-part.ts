import { shuffleEvents } from "../../engine/consolidate/shuffle-events.ts";
import { type RowOwners, shufflePatches } from "../../engine/consolidate/shuffle-patches.ts";
import type { PartFile } from "../../engine/consolidate/written-files.ts";
import type { StateFile } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import type { PartKey, Resolution } from "./resolve-round.ts";
import { acceptedAtUs, rowFiles } from "./round.ts";
import { answerOf, type RoundRef, type StepFiles, stepOnce } from "./round-files.ts";
import { freshRows, type RoundScope, rowsToMerge, shuffleParts } from "./round-parts.ts";

/** Where the rows of one part went. */
export interface Shuffled {
  /** Finished change files of profiles that one row says everything about. */
  readonly fresh: readonly { readonly part: number; readonly file: StateFile }[];
  readonly patches: readonly PartKey[];
  readonly events: readonly PartKey[];
  readonly ids: readonly PartKey[];
}

/** Sends the rows of some intake files to the partitions and buckets in which they are finished. */
export async function shufflePart(
  deps: Deps,
  ref: RoundRef,
  scope: RoundScope,
  part: number,
  signal: AbortSignal,
): Promise<Shuffled> {
  return stepOnce(deps, ref, `shuffle-${part}`, signal, async (files) => {
    const work = shuffleParts(scope)[part];
    if (work === undefined) throw new TypeError(`there is no part ${part} to shuffle`);
    await using session = await deps.engine.open(signal);
    const owners = await ownersOf(files, scope.resolution);
    const rows = await rowFiles(files, work.objects);
    if (work.kind === "patches") {
      const written = await shufflePatches(session, {
        accountId: ref.accountId,
        rows,
        owners,
        hasFresh: freshRows(scope.resolution) > 0,
        hasOthers: rowsToMerge(scope) > 0,
        acceptedAtUs: acceptedAtUs(scope.round),
        seq: scope.round.profilesSeq,
        folder: files.folder,
      });
      const fresh: Shuffled["fresh"][number][] = [];
      for (const file of written.fresh) {
        const kept = await files.keep("change", `fresh-${file.part}-${fresh.length}.parquet`, file);
        fresh.push({ part: file.part, file: kept });
      }
      return { fresh, patches: await keepAll(files, "patches", written.patches), events: [], ids: [] };
    }
    const [metricFile = "", bucketFile = ""] = await files.paths(surveyKeys(scope.resolution));
    const request = { accountId: ref.accountId, rows, owners, metricFile, bucketFile, folder: files.folder };
    const written = await shuffleEvents(session, request);
    return {
      fresh: [],
      patches: [],
      events: await keepAll(files, "events", written.events),
      ids: await keepAll(files, "ids", written.ids),
    };
  });
}

/** Where all rows of a round went. */
export async function allShuffled(deps: Deps, ref: RoundRef, scope: RoundScope): Promise<Shuffled> {
  const parts = shuffleParts(scope).map((_, part) => answerOf<Shuffled>(deps, ref, `shuffle-${part}`));
  const answers = await Promise.all(parts);
  return {
    fresh: answers.flatMap((answer) => answer.fresh),
    patches: answers.flatMap((answer) => answer.patches),
    events: answers.flatMap((answer) => answer.events),
    ids: answers.flatMap((answer) => answer.ids),
  };
}

/** The keys of one partition's, bucket's or set's objects. */
export function keysOf(keys: readonly PartKey[], parts: readonly number[]): string[] {
  return keys.filter((file) => parts.includes(file.part)).map((file) => file.key);
}

async function ownersOf(files: StepFiles, { groupsKey, foldedKey }: Resolution): Promise<RowOwners> {
  const [groups = "", folded = null] = await files.paths(foldedKey === null ? [groupsKey] : [groupsKey, foldedKey]);
  return { groups, folded };
}

function surveyKeys({ events }: Resolution): string[] {
  return events === null ? [] : [events.metricKey, events.bucketKey];
}

async function keepAll(files: StepFiles, name: string, written: readonly PartFile[]): Promise<PartKey[]> {
  const kept: PartKey[] = [];
  for (const file of written) {
    kept.push({ part: file.part, key: await files.keepWork(`${name}-${kept.length}.parquet`, file) });
  }
  return kept;
}
