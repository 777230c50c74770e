import type { Resolution } from "./resolve-round.ts";
import { chunksOf, partitionSets, type Round, type RowObject, rowObjects } from "./round.ts";

/** All that the parts of a round have in common. */
export interface RoundScope {
  readonly round: Round;
  readonly resolution: Resolution;
}

/** Rows of some intake files, to be sent where they belong. */
export interface ShufflePart {
  readonly kind: "events" | "patches";
  readonly objects: readonly RowObject[];
}

/** Partitions of profiles and identities, or one bucket of events. */
export type FinishPart =
  | { readonly kind: "profiles"; readonly partitions: readonly number[] }
  | { readonly kind: "events"; readonly bucket: number };

/** How many patches and profiles there are to merge; fresh profiles are not among them. */
export function rowsToMerge({ round, resolution }: RoundScope): number {
  const patches = rowObjects(round).patches.reduce((sum, file) => sum + file.rows, 0);
  return Math.max(patches - freshRows(resolution), resolution.otherProfiles);
}

export function freshRows({ fresh }: Resolution): number {
  return fresh.reduce((sum, entry) => sum + entry.rows, 0);
}

export function shuffleParts({ round }: RoundScope): readonly ShufflePart[] {
  const { events, patches } = rowObjects(round);
  return [
    ...chunksOf(events, round.sizes.chunkRows).map((objects) => ({ kind: "events", objects }) as const),
    ...chunksOf(patches, round.sizes.chunkRows).map((objects) => ({ kind: "patches", objects }) as const),
  ];
}

export function indexParts({ round }: RoundScope): readonly (readonly number[])[] {
  const rows = rowObjects(round).events.reduce((sum, file) => sum + file.rows, 0);
  return rows === 0 ? [] : partitionSets(rows, round.sizes.indexRows);
}

export function finishParts(scope: RoundScope): readonly FinishPart[] {
  const { round, resolution } = scope;
  return [
    ...(resolution.events?.buckets ?? []).map((bucket) => ({ kind: "events", bucket }) as const),
    ...partitionSets(rowsToMerge(scope), round.sizes.mergeRows).map(
      (partitions) => ({ kind: "profiles", partitions }) as const,
    ),
  ];
}
