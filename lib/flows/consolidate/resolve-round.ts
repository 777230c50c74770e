import { resolveIdentities } from "../../engine/consolidate/resolve-identities.ts";
import { type SeenMetric, surveyEvents } from "../../engine/consolidate/survey-events.ts";
import type { StateFile } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { patchesAlone, type Round, rowFiles, rowObjects, stateFiles, stateOf } from "./round.ts";
import { type RoundRef, type StepFiles, stepOnce } from "./round-files.ts";

/** An object with the rows of one partition or bucket. */
export interface PartKey {
  readonly part: number;
  readonly key: string;
}

/** What a round's identities and events come to, before any row is merged or written: keys of its work files. */
export interface Resolution {
  /** Rows that make a profile and are all there is about it, by entry; and the number of all other profiles. */
  readonly fresh: readonly { readonly seq: number; readonly rows: number }[];
  readonly otherProfiles: number;
  readonly groupsKey: string;
  readonly foldedKey: string | null;
  readonly profiles: readonly PartKey[];
  readonly identities: readonly { readonly part: number; readonly file: StateFile; readonly gained: number }[];
  readonly events: {
    readonly metricKey: string;
    readonly bucketKey: string;
    readonly metrics: readonly SeenMetric[];
    readonly buckets: readonly number[];
  } | null;
}

/** Decides which profile each row of a round belongs to, and what its events' metrics and times are. */
export async function resolveRound(deps: Deps, ref: RoundRef, round: Round, signal: AbortSignal): Promise<Resolution> {
  return stepOnce(deps, ref, "resolved", signal, async (files) => {
    const events = await survey(deps, ref, round, files, signal);
    await using session = await deps.engine.open(signal);
    const state = await stateOf(deps, round);
    const identityKeys = state.identities.flatMap(({ base, deltas }) => [...(base === null ? [] : [base]), ...deltas]);
    const resolved = await resolveIdentities(
      session,
      {
        accountId: ref.accountId,
        profileRows: await rowFiles(files, patchesAlone(round)),
        eventRows: await rowFiles(files, rowObjects(round).events),
        identityFiles: await files.paths(identityKeys.map((file) => file.key)),
        profileFiles: await Promise.all(state.profiles.map((partition) => stateFiles(files, partition))),
        seq: round.profilesSeq,
        folder: files.folder,
      },
      signal,
    );
    const profiles: PartKey[] = [];
    for (const file of resolved.profiles)
      profiles.push({ part: file.part, key: await files.keepWork(`profiles-${profiles.length}.parquet`, file) });
    const identities: Resolution["identities"][number][] = [];
    for (const { gained, ...file } of resolved.identities) {
      const kept = await files.keep("state", `identities-${identities.length}.parquet`, file);
      identities.push({ part: file.part, file: kept, gained });
    }
    return {
      fresh: resolved.fresh,
      otherProfiles: resolved.profiles.reduce((sum, file) => sum + file.rows, 0),
      groupsKey: await files.keepWork("groups.parquet", resolved.groups),
      foldedKey: resolved.folded ? await files.keepWork("folded.parquet", resolved.folded) : null,
      profiles,
      identities,
      events,
    };
  });
}

async function survey(
  deps: Deps,
  ref: RoundRef,
  round: Round,
  files: StepFiles,
  signal: AbortSignal,
): Promise<Resolution["events"]> {
  const { events } = rowObjects(round);
  if (events.length === 0) return null;
  await using session = await deps.engine.open(signal);
  const rows = await rowFiles(files, events);
  const { bucketRows } = round.sizes;
  const found = await surveyEvents(session, { accountId: ref.accountId, rows, bucketRows, folder: files.folder });
  return {
    metricKey: await files.keepWork("metrics.parquet", found.metricFile),
    bucketKey: await files.keepWork("buckets.parquet", found.bucketFile),
    metrics: found.metrics,
    buckets: found.buckets,
  };
}
