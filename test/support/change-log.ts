import type { Deps } from "../../lib/flows/deps.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import { accountPointer, accountState, publishState, statePartitions } from "../../lib/flows/store/log.ts";
import { writeList } from "../../lib/flows/store/records.ts";
import type { AccountId } from "../../lib/model/ids.ts";
import type { AccountState, ChangeEntry, ChangeFile, DataObject } from "../../lib/model/log.ts";
import type { MetricRow } from "../../lib/model/metric.ts";
import type { Instant } from "../../lib/model/time.ts";
import { type ChangeRow, eventRow, profileRow, writeChangeFile } from "./change-files.ts";

/** Rows by file; each file is one inner list. Their `_seq` is filled in. */
export interface Changes {
  readonly profiles?: readonly (readonly ChangeRow[])[];
  readonly events?: readonly (readonly ChangeRow[])[];
  readonly metrics?: readonly MetricRow[];
  /** @default now */
  readonly acceptedAtMin?: Instant;
}

let files = 0;

/** Appends to the change logs as a consolidation would: files, entries, state and pointer. */
export async function publishChanges(deps: Deps, accountId: AccountId, changes: Changes): Promise<void> {
  const pointer = await accountPointer(deps.table, accountId);
  const state = await accountState(deps.files, pointer.stateKey);
  const now = deps.clock.now();
  const profilesSeq = pointer.profilesSeq + (changes.profiles === undefined ? 0 : 1);
  const eventsSeq = pointer.eventsSeq + (changes.events === undefined ? 0 : 1);
  const profileFiles = await writeAll(deps, accountId, "profiles", profilesSeq, changes.profiles ?? []);
  const eventFiles = await writeAll(deps, accountId, "events", eventsSeq, changes.events ?? []);
  const version = pointer.version + 1;
  const next: AccountState = {
    ...state,
    version,
    profilesSeq,
    eventsSeq,
    profiles: state.profiles.map((partition, index) => {
      const own = profileFiles.filter((_, file) => file % statePartitions === index);
      return { ...partition, deltas: [...partition.deltas, ...own] };
    }),
    metrics: [...state.metrics, ...(changes.metrics ?? [])],
  };
  const stateKey = fileKeys.state(accountId, `v${version}`, "state.json");
  await writeList(deps.files, stateKey, next);
  const about = { publishedAt: now, acceptedAtMin: changes.acceptedAtMin ?? now };
  const entries: ChangeEntry[] = [
    ...(changes.profiles === undefined ? [] : [entryOf("profiles", profilesSeq, profileFiles, accountId, about)]),
    ...(changes.events === undefined ? [] : [entryOf("events", eventsSeq, eventFiles, accountId, about)]),
  ];
  for (const entry of entries)
    await writeList(deps.files, entry.listKey, { files: entry.object === "profiles" ? profileFiles : eventFiles });
  const swapped = { version, stateKey, intakeSeq: pointer.intakeSeq, profilesSeq, eventsSeq };
  await deps.table.transact(publishState(accountId, swapped, entries));
}

/** Profiles `p<from>` to `p<to>`, all changed by one entry. */
export function profiles(from: number, to: number, more: ChangeRow = {}): readonly ChangeRow[] {
  return Array.from({ length: to - from + 1 }, (_, index) => profileRow(`p${from + index}`, 0, more));
}

/** Events `e<from>` to `e<to>`. */
export function events(from: number, to: number, more: ChangeRow = {}): readonly ChangeRow[] {
  return Array.from({ length: to - from + 1 }, (_, index) => eventRow(`e${from + index}`, 0, more));
}

async function writeAll(
  deps: Deps,
  accountId: AccountId,
  object: DataObject,
  seq: number,
  rowsByFile: readonly (readonly ChangeRow[])[],
): Promise<readonly ChangeFile[]> {
  const written: ChangeFile[] = [];
  for (const rows of rowsByFile) {
    const withSeq = rows.map((row) => ({ ...row, _seq: String(seq) }));
    files += 1;
    const encoded = await writeChangeFile({
      folder: deps.scratchFolder,
      object,
      rows: withSeq,
      format: "parquet",
      number: files,
    });
    const file = written.length + 1;
    const key = fileKeys.change(accountId, `${object}-${seq}`, `${file}.parquet`);
    await deps.files.putIfAbsent(key, { path: encoded.path });
    written.push({ key, file, rows: rows.length, bytes: encoded.bytes, ...timesOf(rows) });
  }
  return written;
}

function timesOf(rows: readonly ChangeRow[]): Pick<ChangeFile, "eventAtMin" | "eventAtMax"> {
  const times = rows.flatMap((row) => (row["event_at"] == null ? [] : [Date.parse(`${row["event_at"]}Z`)]));
  if (times.length === 0) return {};
  return { eventAtMin: Math.min(...times) as Instant, eventAtMax: Math.max(...times) as Instant };
}

function entryOf(
  object: DataObject,
  seq: number,
  written: readonly ChangeFile[],
  accountId: AccountId,
  about: Pick<ChangeEntry, "publishedAt" | "acceptedAtMin">,
): ChangeEntry {
  const sum = (count: (file: ChangeFile) => number) => written.reduce((total, file) => total + count(file), 0);
  return {
    object,
    seq,
    listKey: fileKeys.change(accountId, `${object}-${seq}`, "list.json"),
    files: written.length,
    rows: sum((file) => file.rows),
    bytes: sum((file) => file.bytes),
    ...about,
  };
}
