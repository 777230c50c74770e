import { ordinalOf, type RowFile } from "../../engine/consolidate/rows.ts";
import type { StateFiles } from "../../engine/consolidate/state-files.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountState, IntakeEntry, IntakeFile, IntakeList, StatePartition } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { accountState, statePartitions } from "../store/log.ts";
import { readList } from "../store/records.ts";
import type { CompactionLimits } from "./compaction.ts";
import type { StepFiles } from "./round-files.ts";

/** An entry of the round with the files behind it. */
export interface RoundEntry extends IntakeEntry {
  readonly list: IntakeList;
}

/** What a round works on, frozen when it begins. */
export interface Round {
  /** Key of the state it starts from; `""` is the empty one. */
  readonly stateKey: string;
  readonly entries: readonly RoundEntry[];
  /** `_seq` of the rows that it may add to each change log. */
  readonly profilesSeq: number;
  readonly eventsSeq: number;
  readonly rows: number;
  readonly sizes: PartSizes;
}

/** Rows that one part works on: enough to be worth a step, few enough for the memory of one. */
export interface PartSizes {
  /** Rows of intake files that are shuffled together. */
  readonly chunkRows: number;
  /** Rows of a round for each set of partitions in which events are indexed, or profiles merged. */
  readonly indexRows: number;
  readonly mergeRows: number;
  /** Events that are sorted together, and events of one file. */
  readonly bucketRows: number;
  readonly fileRows: number;
  readonly compaction: CompactionLimits;
}

/** Rows of intake files, with where they stand in the log. Paths still name objects. */
export interface RowObject extends IntakeFile {
  readonly seq: number;
}

/** Entries of a round with the lists behind them. */
export async function withLists(deps: Pick<Deps, "files">, entries: readonly IntakeEntry[]): Promise<RoundEntry[]> {
  return Promise.all(
    entries.map(async (entry) => {
      const list = await readList<IntakeList>(deps.files, entry.listKey);
      if (list === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `the list ${entry.listKey} is gone` });
      return { ...entry, list };
    }),
  );
}

/** Files of event rows, and of profile patches (those that stand beside events too). */
export function rowObjects(round: Round): { readonly events: RowObject[]; readonly patches: RowObject[] } {
  const of = (object: "events" | "profiles") =>
    round.entries.flatMap((entry) => entry.list[object].map((file) => ({ ...file, seq: entry.seq })));
  return { events: of("events").filter(hasRows), patches: of("profiles").filter(hasRows) };
}

/** Patches whose identifiers no event row carries already. */
export function patchesAlone(round: Round): RowObject[] {
  const withEvents = new Set(round.entries.filter((entry) => entry.list.events.length > 0).map((entry) => entry.seq));
  return rowObjects(round).patches.filter((file) => !withEvents.has(file.seq));
}

function hasRows(file: IntakeFile): boolean {
  return file.rows > 0;
}

/** Local copies of row objects, ready for SQL. */
export async function rowFiles(files: StepFiles, objects: readonly RowObject[]): Promise<RowFile[]> {
  const paths = await files.paths(objects.map((object) => object.key));
  return objects.map((object, index) => ({
    path: paths[index] ?? "",
    rows: object.rows,
    firstOrdinal: ordinalOf(object.seq, object.firstRow),
  }));
}

/** Local copies of a state partition's files. */
export async function stateFiles(files: StepFiles, partition: StatePartition): Promise<StateFiles> {
  const [base = null] = await files.paths(partition.base === null ? [] : [partition.base.key]);
  return { base, deltas: await files.paths(partition.deltas.map((delta) => delta.key)) };
}

/** When each entry was accepted, in microseconds. */
export function acceptedAtUs(round: Round): Map<number, bigint> {
  return new Map(round.entries.map((entry) => [entry.seq, BigInt(entry.acceptedAt) * 1000n]));
}

/** Row objects in chunks of at least `rows` rows: each is worked on by itself. */
export function chunksOf(objects: readonly RowObject[], rows: number): RowObject[][] {
  const chunks: RowObject[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const object of objects) {
    if (filled >= rows) {
      chunks.push([]);
      filled = 0;
    }
    chunks.at(-1)?.push(object);
    filled += object.rows;
  }
  return chunks;
}

/** The state partitions in sets that are worked on together: few for few rows, one each for many. */
export function partitionSets(rows: number, rowsPerSet: number): number[][] {
  const sets = Math.min(statePartitions, Math.max(1, Math.ceil(rows / rowsPerSet)));
  const size = Math.ceil(statePartitions / sets);
  const all = Array.from({ length: statePartitions }, (_, partition) => partition);
  return Array.from({ length: Math.ceil(statePartitions / size) }, (_, set) => all.slice(set * size, (set + 1) * size));
}

export async function stateOf(deps: Pick<Deps, "files">, round: Round): Promise<AccountState> {
  return accountState(deps.files, round.stateKey);
}

/** A partition of a kind of state; they are there from the start. */
export function partitionOf(partitions: readonly StatePartition[], number: number): StatePartition {
  return partitions[number] ?? { base: null, deltas: [] };
}
