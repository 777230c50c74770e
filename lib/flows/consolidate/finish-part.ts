import {
  type CompactionRule,
  compactState,
  identityRule,
  profileRule,
} from "../../engine/consolidate/compact-state.ts";
import { type MergedProfiles, mergeProfiles, type PatchCount } from "../../engine/consolidate/merge-profiles.ts";
import { writeEvents } from "../../engine/consolidate/write-events.ts";
import type { EngineSession } from "../../engine/engine.ts";
import type { AccountState, ChangeFile, StatePartition } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { compactionOf, withDelta, withoutOverridden } from "./compaction.ts";
import { allIndexed } from "./index-part.ts";
import { acceptedAtUs, partitionOf, stateFiles, stateOf } from "./round.ts";
import { answerOf, type RoundRef, type StepFiles, stepOnce } from "./round-files.ts";
import { finishParts, type RoundScope } from "./round-parts.ts";
import { allShuffled, keysOf } from "./shuffle-part.ts";

/** A change file before it has its number within the entry. */
export type UnnumberedFile = Omit<ChangeFile, "file">;

type NumberedPartition = { readonly number: number; readonly partition: StatePartition };

/** Files for the change logs, and partitions of the state from now on. */
export interface Finished {
  readonly profileFiles: readonly UnnumberedFile[];
  readonly eventFiles: readonly UnnumberedFile[];
  readonly profiles: readonly NumberedPartition[];
  readonly identities: readonly NumberedPartition[];
  /** Profiles that were made, the fresh ones left out. */
  readonly profilesCreated: number;
  readonly counts: readonly PatchCount[];
}

const nothing: Finished = {
  profileFiles: [],
  eventFiles: [],
  profiles: [],
  identities: [],
  profilesCreated: 0,
  counts: [],
};

/** Merges the profiles of some partitions, or writes the events of one bucket. */
export async function finishPart(
  deps: Deps,
  ref: RoundRef,
  scope: RoundScope,
  part: number,
  signal: AbortSignal,
): Promise<Finished> {
  return stepOnce(deps, ref, `finish-${part}`, signal, async (files) => {
    const work = finishParts(scope)[part];
    if (work === undefined) throw new TypeError(`there is no part ${part} to finish`);
    await using session = await deps.engine.open(signal);
    const step = { deps, ref, scope, files, session };
    return work.kind === "events" ? await finishEvents(step, work.bucket) : await finishProfiles(step, work.partitions);
  });
}

/** What all parts of a round came to. */
export async function allFinished(deps: Deps, ref: RoundRef, scope: RoundScope): Promise<readonly Finished[]> {
  return Promise.all(finishParts(scope).map((_, part) => answerOf<Finished>(deps, ref, `finish-${part}`)));
}

interface FinishStep {
  readonly deps: Deps;
  readonly ref: RoundRef;
  readonly scope: RoundScope;
  readonly files: StepFiles;
  readonly session: EngineSession;
}

async function finishEvents({ deps, ref, scope, files, session }: FinishStep, bucket: number): Promise<Finished> {
  const indexed = await allIndexed(deps, ref, scope);
  if (indexed.every((part) => part.accepted.length === 0)) return nothing;
  const { events } = await allShuffled(deps, ref, scope);
  const exceptions = indexed.flatMap((part) => part.exceptionsKey ?? []);
  const written = await writeEvents(session, {
    events: await files.paths(keysOf(events, [bucket])),
    exceptions: await files.paths(exceptions),
    metricFile: (await files.paths([scope.resolution.events?.metricKey ?? ""]))[0] ?? "",
    acceptedAtUs: acceptedAtUs(scope.round),
    seq: scope.round.eventsSeq,
    fileRows: scope.round.sizes.fileRows,
    folder: files.folder,
  });
  const eventFiles: UnnumberedFile[] = [];
  for (const file of written) {
    const kept = await files.keep("change", `events-${eventFiles.length}.parquet`, file);
    eventFiles.push({ ...kept, eventAtMin: file.eventAtMin, eventAtMax: file.eventAtMax });
  }
  return { ...nothing, eventFiles };
}

async function finishProfiles(step: FinishStep, partitions: readonly number[]): Promise<Finished> {
  const { deps, ref, scope, files } = step;
  const state = await stateOf(deps, scope.round);
  const { fresh } = await allShuffled(deps, ref, scope);
  const merged = await mergePartitions(step, state, partitions);
  const profiles: NumberedPartition[] = [];
  const profileFiles: UnnumberedFile[] = [];
  for (const number of partitions) {
    let partition = partitionOf(state.profiles, number);
    for (const { file } of fresh.filter(({ part }) => part === number)) {
      profileFiles.push(file);
      partition = withDelta(partition, file, file.rows);
    }
    for (const file of merged.files.filter(({ part }) => part === number)) {
      const kept = await files.keep("change", `profiles-${number}-${profileFiles.length}.parquet`, file);
      profileFiles.push(kept);
      partition = withoutOverridden(withDelta(partition, kept, file.created));
    }
    if (partition === partitionOf(state.profiles, number)) continue;
    profiles.push({ number, partition: await compact(step, profileRule, partition, `profiles-${number}`) });
  }
  return {
    profileFiles,
    eventFiles: [],
    profiles,
    identities: await growIdentities(step, state.identities, partitions),
    profilesCreated: merged.files.reduce((sum, file) => sum + file.created, 0),
    counts: merged.counts,
  };
}

async function mergePartitions(
  { deps, ref, scope, files, session }: FinishStep,
  state: AccountState,
  partitions: readonly number[],
): Promise<MergedProfiles> {
  const persons = keysOf(scope.resolution.profiles, partitions);
  if (persons.length === 0) return { files: [], counts: [] };
  const { patches, ids } = await allShuffled(deps, ref, scope);
  const indexed = await allIndexed(deps, ref, scope);
  const hasNewEvents = indexed.some((part) => part.accepted.length > 0);
  return mergeProfiles(session, {
    profiles: await files.paths(persons),
    patches: await files.paths(keysOf(patches, partitions)),
    state: await Promise.all(partitions.map((number) => stateFiles(files, partitionOf(state.profiles, number)))),
    events: hasNewEvents ? await files.paths(ids.map((file) => file.key)) : [],
    exceptions: await files.paths(indexed.flatMap((part) => part.exceptionsKey ?? [])),
    acceptedAtUs: acceptedAtUs(scope.round),
    seq: scope.round.profilesSeq,
    folder: files.folder,
  });
}

async function growIdentities(
  step: FinishStep,
  identities: readonly StatePartition[],
  partitions: readonly number[],
): Promise<NumberedPartition[]> {
  const grown: NumberedPartition[] = [];
  for (const { part, file, gained } of step.scope.resolution.identities) {
    if (!partitions.includes(part)) continue;
    const partition = withDelta(partitionOf(identities, part), file, gained);
    grown.push({ number: part, partition: await compact(step, identityRule, partition, `identities-${part}`) });
  }
  return grown;
}

async function compact(
  { files, session, scope }: FinishStep,
  rule: CompactionRule,
  partition: StatePartition,
  name: string,
): Promise<StatePartition> {
  const what = compactionOf(partition, scope.round.sizes.compaction);
  if (what === "none") return partition;
  const local = await stateFiles(files, partition);
  const written = await compactState(session, rule, { local, what, path: `${files.folder}/${name}-compacted.parquet` });
  const file = await files.keep("state", `${name}-compacted.parquet`, written);
  return { ...partition, ...(what === "all" ? { base: file, deltas: [] } : { deltas: [file] }) };
}
