import { createHash } from "node:crypto";
import { SyncError } from "../../model/errors.ts";
import { type AccountId, type ImportId, spellId } from "../../model/ids.ts";
import type { ImportRecord } from "../../model/import.ts";
import type { DataObject } from "../../model/log.ts";
import type { Instant } from "../../model/time.ts";
import type { Table, TableWrite } from "../ports.ts";
import type { Page, PageRequest } from "./accounts.ts";
import { whileContended } from "./contention.ts";
import { accountItem, accountPartition, pastPrefix, sortable, sortableDescending } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** An import as it is kept: what is shown, and what its attempts need. */
export interface StoredImport extends ImportRecord {
  /** True while an execution may work on the attempt; a publish requires it. */
  readonly attemptOpen: boolean;
  /** Attempts that ended with an error, and those whose execution was lost. */
  readonly failures: number;
  readonly deaths: number;
  /** Until when its publish waits for imports with lower tickets; null before it first does. */
  readonly waitUntil: Instant | null;
  /** Version of the mapping that its columns were read by; null before that. */
  readonly mappingVersion: number | null;
  /** The attempt whose files were published; null before that. */
  readonly publishedAttempt: number | null;
  /** Grows with each write. */
  readonly revision: number;
}

/** A claim that is not closed yet. */
export interface OpenImport {
  readonly importId: ImportId;
  readonly object: DataObject;
  readonly ticket: number;
  readonly uploadedAt: Instant;
}

/** The last import under one inbox key that was published. */
export interface LastPublished {
  readonly importId: ImportId;
  readonly version: string;
  readonly uploadedAt: Instant;
  readonly bytes: number;
  readonly mappingVersion: number;
  /** What it brought rows of. */
  readonly objects: readonly DataObject[];
}

/** The last import that brought rows of an object, and the highest ticket that did. */
export interface PublishedHead {
  readonly importId: ImportId;
  readonly ticket: number;
}

/** The id of an upload: the same key and version is the same import. */
export function importIdOf(inboxKey: string, version: string): ImportId {
  return spellId<ImportId>("import", createHash("sha256").update(`${inboxKey}\0${version}`).digest());
}

/** Name of the execution that works on an import's present attempt. */
export function importExecution(record: Pick<StoredImport, "id" | "attempt">): string {
  return `${record.id}-${record.attempt}`;
}

/** Undefined for an upload that nobody claimed; `"withdrawn"` for one that may never be. */
export async function findImport(
  table: Table,
  accountId: AccountId,
  id: ImportId,
): Promise<StoredImport | "withdrawn" | undefined> {
  const item = await table.get(importItem(accountId, id));
  if (item === undefined) return undefined;
  if (item["isWithdrawn"] === true) return "withdrawn";
  // Records from before there were uploads without a confirmed end do not say.
  const record = recordOf<Omit<StoredImport, "completenessConfirmed"> & Partial<StoredImport>>(item);
  return { ...record, completenessConfirmed: record.completenessConfirmed ?? true };
}

/** Throws `NOT_FOUND`, also for an import of another account. */
export async function requireImport(table: Table, accountId: AccountId, id: ImportId): Promise<StoredImport> {
  const found = await findImport(table, accountId, id);
  if (found === undefined || found === "withdrawn") {
    throw new SyncError("NOT_FOUND", { message: `there is no import ${id}` });
  }
  return found;
}

/** Claims an upload under the account's next ticket. Throws `ConditionFailed` when it was claimed or withdrawn, the ticket is taken, or the account is gone. */
export async function claimImport(table: Table, draft: Omit<StoredImport, "ticket">): Promise<StoredImport> {
  const { accountId } = draft;
  const head = accountItem(accountId, "ticket/head");
  const last = await table.get(head);
  const ticket = last === undefined ? 1 : recordOf<{ ticket: number }>(last).ticket + 1;
  const record: StoredImport = { ...draft, ticket };
  const open: OpenImport = { importId: record.id, object: record.object, ticket, uploadedAt: record.uploadedAt };
  await table.transact([
    { put: storedItem(record), condition: { item: "absent" } },
    {
      put: itemOf(head, { ticket }, { ticket }),
      condition: ticket === 1 ? { item: "absent" } : { where: [{ attribute: "ticket", is: "=", value: ticket - 1 }] },
    },
    { put: itemOf(openItem(accountId, ticket), open) },
    { put: itemOf(accountItem(accountId, `import/list/${sortableDescending(ticket)}`), { importId: record.id }) },
    { check: accountItem(accountId, "account"), condition: { item: "present" } },
  ]);
  return record;
}

/** Says that an upload may never be claimed; throws `ConditionFailed` when it is. */
export async function withdrawImport(table: Table, accountId: AccountId, id: ImportId): Promise<void> {
  const item = itemOf(importItem(accountId, id), {}, { isWithdrawn: true });
  await table.put(item, { item: "absent" });
}

/** Replaces an import that nobody has written since it was read; one that has ended leaves the open ones. */
export function replaceImport(before: StoredImport, changes: Partial<StoredImport>): readonly TableWrite[] {
  const after: StoredImport = { ...before, ...changes, revision: before.revision + 1 };
  const condition = { where: [{ attribute: "revision", is: "=", value: before.revision }] } as const;
  const writes: TableWrite[] = [{ put: storedItem(after), condition }];
  if (after.endedAt !== null) writes.push({ delete: openItem(after.accountId, after.ticket) });
  return writes;
}

/** Reads, changes and writes an import until nobody comes between. `change` answers undefined to leave it. */
export async function editImport(
  table: Table,
  accountId: AccountId,
  id: ImportId,
  change: (record: StoredImport) => Partial<StoredImport> | undefined,
): Promise<StoredImport | undefined> {
  return whileContended(async () => {
    const record = await requireImport(table, accountId, id);
    const changes = change(record);
    if (changes === undefined) return undefined;
    await table.transact(replaceImport(record, changes));
    return { ...record, ...changes, revision: record.revision + 1 };
  });
}

/** Imports that are not closed, by ticket. */
export async function openImports(table: Table, accountId: AccountId): Promise<readonly OpenImport[]> {
  const open: OpenImport[] = [];
  const range = { pk: accountPartition(accountId), from: "import/open/", to: pastPrefix("import/open/") };
  for (let cursor: string | undefined; ; ) {
    const page = await table.query({ ...range, ...(cursor === undefined ? {} : { cursor }) });
    open.push(...page.items.map((item) => recordOf<OpenImport>(item)));
    cursor = page.cursor;
    if (cursor === undefined) return open;
  }
}

/** Imports of an account, newest claim first. */
export async function importsPage(table: Table, accountId: AccountId, page: PageRequest): Promise<Page<StoredImport>> {
  const range = { pk: accountPartition(accountId), from: "import/list/", to: pastPrefix("import/list/") };
  const { limit, cursor } = page;
  const found = await table.query({
    ...range,
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const ids = found.items.map((item) => recordOf<{ importId: ImportId }>(item).importId);
  const items = await Promise.all(ids.map((id) => requireImport(table, accountId, id)));
  return found.cursor === undefined ? { items } : { items, cursor: found.cursor };
}

export async function lastPublished(
  table: Table,
  accountId: AccountId,
  inboxKey: string,
): Promise<LastPublished | undefined> {
  const item = await table.get(lastItem(accountId, inboxKey));
  return item === undefined ? undefined : recordOf<LastPublished>(item);
}

export async function publishedHead(
  table: Table,
  accountId: AccountId,
  object: DataObject,
): Promise<PublishedHead | undefined> {
  const item = await table.get(headItem(accountId, object));
  return item === undefined ? undefined : recordOf<PublishedHead>(item);
}

/** The writes that make an import the last published one of its key and of the objects that it brought rows of. */
export function putPublished(
  record: StoredImport,
  last: LastPublished,
  heads: readonly { readonly object: DataObject; readonly before: PublishedHead | undefined }[],
): readonly TableWrite[] {
  const { accountId, id, inboxKey } = record;
  return [
    { put: itemOf(lastItem(accountId, inboxKey), last) },
    ...heads.map(({ object, before }) => {
      const head: PublishedHead = { importId: id, ticket: Math.max(record.ticket, before?.ticket ?? 0) };
      return { put: itemOf(headItem(accountId, object), head, { importId: id }), condition: headCondition(before) };
    }),
  ];
}

function headCondition(head: PublishedHead | undefined) {
  return head === undefined
    ? ({ item: "absent" } as const)
    : { where: [{ attribute: "importId", is: "=", value: head.importId } as const] };
}

function storedItem(record: StoredImport) {
  const { attempt, attemptOpen, revision } = record;
  return itemOf(importItem(record.accountId, record.id), record, { attempt, attemptOpen, revision });
}

function importItem(accountId: AccountId, id: ImportId) {
  return accountItem(accountId, `import/item/${id}`);
}

function openItem(accountId: AccountId, ticket: number) {
  return accountItem(accountId, `import/open/${sortable(ticket)}`);
}

function headItem(accountId: AccountId, object: DataObject) {
  return accountItem(accountId, `import/published/${object}`);
}

/** By digest, since a key may be longer than a sort key. */
function lastItem(accountId: AccountId, inboxKey: string) {
  return accountItem(accountId, `import/last/${createHash("sha256").update(inboxKey).digest("hex")}`);
}
