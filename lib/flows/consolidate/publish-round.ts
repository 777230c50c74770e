import type { ImportId } from "../../model/ids.ts";
import type {
  AccountPointer,
  AccountState,
  ChangeEntry,
  ChangeFile,
  ChangeList,
  DataObject,
  StatePartition,
} from "../../model/log.ts";
import type { MetricRow } from "../../model/metric.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { openSlot, slotWrites } from "../store/consolidations.ts";
import { fileKeys } from "../store/keys.ts";
import { leaseIsHeld } from "../store/leases.ts";
import { accountPointer, publishState } from "../store/log.ts";
import { writeList } from "../store/records.ts";
import { ownLease } from "./consolidation-lease.ts";
import { allFinished, type Finished, type UnnumberedFile } from "./finish-part.ts";
import { allIndexed } from "./index-part.ts";
import type { Resolution } from "./resolve-round.ts";
import { type Round, stateOf } from "./round.ts";
import { type RoundRef, roundFolder, stepOnce } from "./round-files.ts";
import { freshRows, type RoundScope } from "./round-parts.ts";

/** How an import's rows turned out: they add up to the rows it had accepted. */
interface ImportOutcome {
  readonly importId: ImportId;
  readonly new: number;
  readonly changed: number;
  readonly present: number;
}

/** What a published round leaves to be done: imports to tell, and objects to keep when its leftovers are removed. */
export interface RoundOutcome {
  readonly round: number;
  readonly imports: readonly ImportOutcome[];
  readonly kept: readonly string[];
}

interface Publication {
  readonly pointer: AccountPointer;
  readonly entries: readonly ChangeEntry[];
  readonly outcomeKey: string;
}

/** Makes a round's files real: swaps the account pointer and appends to the change logs, if this attempt and its lease still stand. */
export async function publishRound(deps: Deps, ref: RoundRef, scope: RoundScope, signal: AbortSignal): Promise<void> {
  if ((await accountPointer(deps.table, ref.accountId)).version >= ref.round) return;
  const publication = await stepOnce(deps, ref, "publication", signal, () => prepare(deps, ref, scope));
  const lease = await ownLease(deps, ref);
  const slot = await openSlot(deps.table, ref.accountId, ref.attempt);
  await deps.table.transact([
    ...publishState(ref.accountId, publication.pointer, publication.entries),
    ...slotWrites(slot, { ...slot, unsettledKey: publication.outcomeKey }),
    leaseIsHeld(ref.accountId, lease),
  ]);
}

async function prepare(deps: Deps, ref: RoundRef, scope: RoundScope): Promise<Publication> {
  const { round, resolution } = scope;
  const old = await stateOf(deps, round);
  const finished = await allFinished(deps, ref, scope);
  const indexed = await allIndexed(deps, ref, scope);
  const accepted = sumBySeq(indexed.flatMap((part) => part.accepted.map(({ seq, rows }) => [seq, rows])));
  const eventsAdded = [...accepted.values()].reduce((sum, rows) => sum + rows, 0);
  const profiles = await changeEntry(deps, ref, round, "profiles", finished);
  const events = await changeEntry(deps, ref, round, "events", finished);
  const state: AccountState = {
    version: ref.round,
    intakeSeq: Math.max(...round.entries.map((entry) => entry.seq)),
    profilesSeq: profiles?.seq ?? old.profilesSeq,
    eventsSeq: events?.seq ?? old.eventsSeq,
    profiles: replaced(
      old.profiles,
      finished.flatMap((part) => part.profiles),
    ),
    identities: replaced(
      old.identities,
      finished.flatMap((part) => part.identities),
    ),
    eventIndex: replaced(
      old.eventIndex,
      indexed.flatMap((part) => part.partitions),
    ),
    metrics: events === null ? old.metrics : withMetrics(old.metrics, resolution, round),
    profileCount: old.profileCount + finished.reduce((sum, part) => sum + part.profilesCreated, freshRows(resolution)),
    eventCount: old.eventCount + eventsAdded,
  };
  const stateKey = fileKeys.state(ref.accountId, roundFolder(ref), "state.json");
  await writeList(deps.files, stateKey, state);
  const entries = [profiles, events].filter((entry) => entry !== null);
  const outcomeKey = fileKeys.state(ref.accountId, roundFolder(ref), "outcome.json");
  const outcome: RoundOutcome = {
    round: ref.round,
    imports: importOutcomes(scope, finished, accepted),
    kept: [stateKey, outcomeKey, ...entries.map((entry) => entry.listKey), ...filesOf(state), ...changeKeys(finished)],
  };
  await writeList(deps.files, outcomeKey, outcome);
  const { intakeSeq, profilesSeq, eventsSeq } = state;
  return { pointer: { version: ref.round, stateKey, intakeSeq, profilesSeq, eventsSeq }, entries, outcomeKey };
}

/** The entry of one change log, its list written; null when nothing of the kind changed. */
async function changeEntry(
  deps: Deps,
  ref: RoundRef,
  round: Round,
  object: DataObject,
  finished: readonly Finished[],
): Promise<ChangeEntry | null> {
  const found = finished.flatMap((part) => (object === "profiles" ? part.profileFiles : part.eventFiles));
  if (found.length === 0) return null;
  const files: ChangeFile[] = found.toSorted(byTime).map((file, index) => ({ ...file, file: index + 1 }));
  const listKey = fileKeys.change(ref.accountId, roundFolder(ref), `${object}.json`);
  await writeList(deps.files, listKey, { files } satisfies ChangeList);
  return {
    object,
    seq: object === "profiles" ? round.profilesSeq : round.eventsSeq,
    listKey,
    files: files.length,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    publishedAt: deps.clock.now(),
    acceptedAtMin: Math.min(...round.entries.map((entry) => entry.acceptedAtMin)) as Instant,
  };
}

function byTime(a: UnnumberedFile, b: UnnumberedFile): number {
  return (a.eventAtMin ?? 0) - (b.eventAtMin ?? 0);
}

function replaced(
  old: readonly StatePartition[],
  changes: readonly { readonly number: number; readonly partition: StatePartition }[],
): readonly StatePartition[] {
  const changed = new Map(changes.map(({ number, partition }) => [number, partition]));
  return old.map((partition, number) => changed.get(number) ?? partition);
}

function withMetrics(old: readonly MetricRow[], resolution: Resolution, round: Round): readonly MetricRow[] {
  const known = new Set(old.map((metric) => metric.id));
  const acceptedAt = new Map(round.entries.map((entry) => [entry.seq, entry.acceptedAt]));
  const added = (resolution.events?.metrics ?? []).filter((metric) => !known.has(metric.id));
  return [
    ...old,
    ...added.map(({ id, name, integrationId, integrationName, seq }) => {
      const at = acceptedAt.get(seq) ?? (0 as Instant);
      const integration = { integrationId, integrationName, integrationCategory: null };
      return { id, name, ...integration, createdAt: at, updatedAt: at, seq: round.eventsSeq };
    }),
  ];
}

/** An event row is new or present already; a profile row made a profile, changed one, or changed nothing. */
function importOutcomes(
  { round, resolution }: RoundScope,
  finished: readonly Finished[],
  acceptedEvents: ReadonlyMap<number, number>,
): readonly ImportOutcome[] {
  const counts = finished.flatMap((part) => part.counts);
  const created = sumBySeq([
    ...counts.map((count) => [count.seq, count.created]),
    ...resolution.fresh.map((entry) => [entry.seq, entry.rows]),
  ]);
  const changed = sumBySeq(counts.map((count) => [count.seq, count.changed]));
  return round.entries.map((entry) => {
    if (entry.eventRows > 0) {
      const added = acceptedEvents.get(entry.seq) ?? 0;
      return { importId: entry.importId, new: added, changed: 0, present: entry.eventRows - added };
    }
    const [made, mended] = [created.get(entry.seq) ?? 0, changed.get(entry.seq) ?? 0];
    return { importId: entry.importId, new: made, changed: mended, present: entry.profileRows - made - mended };
  });
}

function sumBySeq(pairs: readonly (readonly number[])[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [seq = 0, count = 0] of pairs) sums.set(seq, (sums.get(seq) ?? 0) + count);
  return sums;
}

function filesOf(state: AccountState): string[] {
  return [state.profiles, state.identities, state.eventIndex].flatMap((partitions) =>
    partitions.flatMap(({ base, deltas }) => [...(base === null ? [] : [base]), ...deltas].map((file) => file.key)),
  );
}

function changeKeys(finished: readonly Finished[]): string[] {
  return finished.flatMap((part) => [...part.profileFiles, ...part.eventFiles].map((file) => file.key));
}
