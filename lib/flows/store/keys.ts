import type { AccountId } from "../../model/ids.ts";
import type { ItemKey } from "../ports.ts";

/**
 * Where everything of an account lies in the table: one partition, one prefix of the sort key per kind of item. Each
 * prefix is owned by one file of this folder.
 *
 * | prefix | item | file |
 * |---|---|---|
 * | `account`, `user/`, `ssh-key/`, `mapping/` | account, users, keys, mappings | accounts.ts, mappings.ts |
 * | `intake/`, `change/`, `pointer` | logs and account pointer | log.ts |
 * | `consolidation` | the slot of consolidation | consolidations.ts |
 * | `lease/` | leases with their fences | leases.ts |
 * | `import/`, `ticket/` | imports, their list and tickets | imports.ts |
 * | `connection/`, `connections/` | connections | connections.ts |
 * | `sync/`, `run/`, `batch/`, `error/`, `error-rows/` | syncs, runs, staged files, errors, quarantined rows and their replays | syncs.ts, runs.ts, errors.ts, quarantine.ts |
 * | `progress/` | one item per worker, summed on read | progress.ts |
 */
export function accountPartition(accountId: AccountId): string {
  return `account/${accountId}/`;
}

export function accountItem(accountId: AccountId, sk: string): ItemKey {
  return { pk: accountPartition(accountId), sk };
}

/** Partitions that belong to no account: `accounts`, `removed-accounts/…`, `leaving-accounts`, `tokens/…`, `sftp-names/…`, and the lists over all accounts (shards.ts). */
export function globalItem(pk: string, sk: string): ItemKey {
  return { pk, sk };
}

const digits = 13;

/** A number as a sort key that sorts as the number does. */
export function sortable(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a sort number`);
  return String(value).padStart(digits, "0");
}

/** A number as a sort key that sorts the other way round: newest first. */
export function sortableDescending(value: number): string {
  return sortable(10 ** digits - 1 - value);
}

/** The smallest key after every key that starts with `prefix`: for `query({ from: prefix, to: pastPrefix(prefix) })`. */
export function pastPrefix(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** Where an account's objects lie in `Files`. `inbox` is versioned; `results` is what its users see over SFTP. */
export const fileKeys = {
  inbox: (accountId: AccountId, userId: string, path: string) => `inbox/${accountId}/${userId}/${path}`,
  /** Uploads under temporary names: kept until renamed, never imported. */
  held: (accountId: AccountId, userId: string, path: string) => `held/${accountId}/${userId}/${path}`,
  /** Renames of inbox files that have begun; finished at the next start. */
  moves: "sftp-moves/",
  archive: (accountId: AccountId, importId: string) => `archive/${accountId}/${importId}`,
  results: (accountId: AccountId, userId: string, path: string) => `results/${accountId}/${userId}/${path}`,
  /** Scratch of one attempt, deleted a day after it closed. */
  work: (accountId: AccountId, attempt: string, path: string) => `work/${accountId}/${attempt}/${path}`,
  intake: (accountId: AccountId, attempt: string, path: string) => `intake/${accountId}/${attempt}/${path}`,
  state: (accountId: AccountId, attempt: string, path: string) => `state/${accountId}/${attempt}/${path}`,
  change: (accountId: AccountId, attempt: string, path: string) => `change/${accountId}/${attempt}/${path}`,
  plan: (accountId: AccountId, runId: string, path: string) => `plan/${accountId}/${runId}/${path}`,
  quarantine: (accountId: AccountId, runId: string, path: string) => `quarantine/${accountId}/${runId}/${path}`,
  /** Batches that a warehouse loads from our bucket, on their way; gone after a day. */
  staging: (accountId: AccountId, planId: string, path: string) => `staging/${accountId}/${planId}/${path}`,
} as const;

/** What the keys of everything begin with that is staged for an account's warehouse. */
export function stagingPrefix(accountId: AccountId): string {
  return `staging/${accountId}/`;
}

/** Areas of `Files` in which each account has a folder of its own; `fileKeys` makes keys in no other. */
export const accountAreas = [
  "inbox",
  "held",
  "archive",
  "results",
  "work",
  "intake",
  "state",
  "change",
  "plan",
  "quarantine",
  "staging",
] as const;

/** What the keys of all objects of an account begin with. */
export function accountPrefixes(accountId: AccountId): readonly string[] {
  return accountAreas.map((area) => `${area}/${accountId}/`);
}
