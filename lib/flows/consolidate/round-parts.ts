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

export function finishParts({ round, resolution }: RoundScope): readonly FinishPart[] {
  return [
    ...(resolution.events?.buckets ?? []).map((bucket) => ({ kind: "events", bucket }) as const),
    ...partitionSets(round.rows, round.sizes.mergeRows).map(
      (partitions) => ({ kind: "profiles", partitions }) as const,
    ),
  ];
}
