import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import type {
  AccountPointer,
  AccountState,
  ChangeEntry,
  ChangeList,
  DataObject,
  IntakeEntry,
} from "../../model/log.ts";
import type { Files, Table, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, pastPrefix, sortable } from "./keys.ts";
import { itemOf, readList, recordOf } from "./records.ts";

/** Before the first consolidation. */
const emptyPointer: AccountPointer = { version: 0, stateKey: "", intakeSeq: 0, profilesSeq: 0, eventsSeq: 0 };

/** How many hash partitions profiles, identities and event index have. Fixed: files on disk depend on it. */
export const statePartitions = 16;

const noFiles = Array.from({ length: statePartitions }, () => ({ base: null, deltas: [] }));

/** The state of an account that has none yet. */
const emptyState: AccountState = {
  version: 0,
  intakeSeq: 0,
  profilesSeq: 0,
  eventsSeq: 0,
  profiles: noFiles,
  identities: noFiles,
  eventIndex: noFiles,
  metrics: [],
  profileCount: 0,
  eventCount: 0,
};

/** Seq of the last published intake entry, 0 when there is none. */
export async function intakeHead(table: Table, accountId: AccountId): Promise<number> {
  const item = await table.get(accountItem(accountId, "intake/head"));
  return item === undefined ? 0 : recordOf<{ seq: number }>(item).seq;
}

/** The two writes that append an entry; they fail together when another entry took its seq. Its seq must be head + 1. */
export function appendIntake(accountId: AccountId, entry: IntakeEntry): readonly TableWrite[] {
  const head = accountItem(accountId, "intake/head");
  const seqIs = (seq: number) => ({ where: [{ attribute: "seq", is: "=", value: seq }] }) as const;
  return [
    {
      put: itemOf(head, { seq: entry.seq }, { seq: entry.seq }),
      condition: entry.seq === 1 ? { item: "absent" } : seqIs(entry.seq - 1),
    },
    {
      put: itemOf(accountItem(accountId, `intake/entry/${sortable(entry.seq)}`), entry),
      condition: { item: "absent" },
    },
  ];
}

/** Entries after `afterSeq` in log order, at most `limit`. */
export async function intakeEntries(
  table: Table,
  accountId: AccountId,
  afterSeq: number,
  limit = 100,
): Promise<readonly IntakeEntry[]> {
  const prefix = "intake/entry/";
  const page = await table.query({
    pk: accountPartition(accountId),
    from: `${prefix}${sortable(afterSeq + 1)}`,
    to: pastPrefix(prefix),
    limit,
  });
  return page.items.map((item) => recordOf<IntakeEntry>(item));
}

export async function accountPointer(table: Table, accountId: AccountId): Promise<AccountPointer> {
  const item = await table.get(accountItem(accountId, "pointer"));
  return item === undefined ? emptyPointer : recordOf<AccountPointer>(item);
}

/** The state a key names; `""` names the empty state. */
export async function accountState(files: Files, stateKey: string): Promise<AccountState> {
  if (stateKey === "") return emptyState;
  const state = await readList<AccountState>(files, stateKey);
  if (state === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `the state ${stateKey} is gone` });
  return state;
}

/** The writes that swap the pointer and append to the change logs, all or nothing. `next.version` must be the old + 1. */
export function publishState(
  accountId: AccountId,
  next: AccountPointer,
  entries: readonly ChangeEntry[],
): readonly TableWrite[] {
  const key = accountItem(accountId, "pointer");
  return [
    {
      put: itemOf(key, next),
      condition:
        next.version === 1
          ? { item: "absent" }
          : { where: [{ attribute: "version", is: "=", value: next.version - 1 }] },
    },
    ...entries.map((entry) => ({
      put: itemOf(accountItem(accountId, `change/${entry.object}/${sortable(entry.seq)}`), entry),
      condition: { item: "absent" } as const,
    })),
  ];
}

/** Entries of a change log after `afterSeq`, up to and with `toSeq`, in log order, at most `limit`. */
export async function changeEntries(
  table: Table,
  accountId: AccountId,
  object: DataObject,
  range: { afterSeq: number; toSeq?: number; limit?: number },
): Promise<readonly ChangeEntry[]> {
  const prefix = `change/${object}/`;
  const page = await table.query({
    pk: accountPartition(accountId),
    from: `${prefix}${sortable(range.afterSeq + 1)}`,
    to: range.toSeq === undefined ? pastPrefix(prefix) : `${prefix}${sortable(range.toSeq + 1)}`,
    limit: range.limit ?? 100,
  });
  return page.items.map((item) => recordOf<ChangeEntry>(item));
}

/** The files of a change entry. */
export async function changeFiles(files: Files, entry: ChangeEntry): Promise<ChangeList> {
  const list = await readList<ChangeList>(files, entry.listKey);
  if (list === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `the list ${entry.listKey} is gone` });
  return list;
}
