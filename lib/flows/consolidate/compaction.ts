import type { StateFile, StatePartition } from "../../model/log.ts";

/** When files of the state are rewritten. */
export interface CompactionLimits {
  /** More deltas than this are merged: each is one more file to open at every look-up. */
  readonly deltas: number;
  /** Up to this many rows that are out of date cost less than rewriting. */
  readonly staleRows: number;
}

/** A base is rewritten when more than this share of the partition's rows is out of date. */
const staleShareMax = 0.1;

/** A partition with one more file; the first becomes the base. `live` counts its rows that no later one overrides. */
export function withDelta(partition: StatePartition, file: StateFile, gained: number): StatePartition {
  const live = (partition.live ?? 0) + gained;
  if (partition.base === null) return { base: file, deltas: [], live };
  return { base: partition.base, deltas: [...partition.deltas, file], live };
}

/** A partition whose newest file holds all that lives, and nothing else, needs no other file. For rows that are never taken away. */
export function withoutOverridden(partition: StatePartition): StatePartition {
  const newest = partition.deltas.at(-1);
  return newest === undefined || newest.rows !== partition.live
    ? partition
    : { ...partition, base: newest, deltas: [] };
}

/**
 * What to rewrite of a partition: `all` of it into a new base, its `deltas` into one, or nothing. Counting stale rows
 * rather than all rows of deltas spares the copy of a base to which new things were merely added
 * (docs/decisions/004-state-compaction.md).
 */
export function compactionOf(partition: StatePartition, limits: CompactionLimits): "none" | "deltas" | "all" {
  const { base, deltas, live = 0 } = partition;
  if (base === null || deltas.length === 0) return "none";
  const added = deltas.reduce((sum, file) => sum + file.rows, 0);
  if (base.rows + added - live > Math.max(limits.staleRows, live * staleShareMax)) return "all";
  if (deltas.length <= limits.deltas) return "none";
  return added > base.rows * staleShareMax ? "all" : "deltas";
}
