import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import type { ErrorSummary } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Table, TableWrite } from "../ports.ts";
import { accountItem, globalItem } from "./keys.ts";
import { itemOf, recordOf, versionIs } from "./records.ts";

/** The one slot for consolidating an account, and what its attempts came to. `attempt` only grows. */
export interface ConsolidationSlot {
  readonly accountId: AccountId;
  readonly attempt: number;
  /** True while an execution may work on the attempt; a publish requires it. */
  readonly attemptOpen: boolean;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** Attempts that failed in a row. */
  readonly failures: number;
  readonly error: ErrorSummary | null;
  /** Key of the `RoundOutcome` of a published round whose imports have not heard of it yet. */
  readonly unsettledKey: string | null;
  readonly version: number;
}

/** Name of the execution that works on the attempt; also the holder of its lease. */
export function consolidationName(slot: Pick<ConsolidationSlot, "accountId" | "attempt">): string {
  return `${slot.accountId}-${slot.attempt}`;
}

export async function consolidationSlot(table: Table, accountId: AccountId): Promise<ConsolidationSlot> {
  const item = await table.get(accountItem(accountId, "consolidation"));
  return item === undefined ? { ...unused, accountId } : recordOf<ConsolidationSlot>(item);
}

/** The slot, if this attempt may still work on it; else `ATTEMPT_CLOSED`. */
export async function openSlot(table: Table, accountId: AccountId, attempt: number): Promise<ConsolidationSlot> {
  const slot = await consolidationSlot(table, accountId);
  if (slot.attempt === attempt && slot.attemptOpen) return slot;
  throw new SyncError("ATTEMPT_CLOSED", { message: `attempt ${attempt} is closed; the account is at ${slot.attempt}` });
}

/** The writes that replace the slot `from` and keep the list of unfinished consolidations; they fail when somebody else wrote it. */
export function slotWrites(
  from: ConsolidationSlot,
  to: Omit<ConsolidationSlot, "version" | "accountId">,
): readonly TableWrite[] {
  const record: ConsolidationSlot = { ...to, accountId: from.accountId, version: from.version + 1 };
  const listed = globalItem(unfinishedList, from.accountId);
  const isUnfinished = to.attemptOpen || to.error !== null || to.unsettledKey !== null;
  return [
    {
      put: itemOf(accountItem(from.accountId, "consolidation"), record, {
        attempt: record.attempt,
        attemptOpen: record.attemptOpen,
      }),
      condition: from.version === 0 ? { item: "absent" } : versionIs(from.version),
    },
    isUnfinished ? { put: itemOf(listed, { accountId: from.accountId }) } : { delete: listed },
  ];
}

/** Accounts whose consolidation is open, failed last, or has something left to settle. */
export async function unfinishedConsolidations(table: Table): Promise<readonly AccountId[]> {
  const accounts: AccountId[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ pk: unfinishedList, ...(cursor === undefined ? {} : { cursor }) });
    accounts.push(...page.items.map((item) => recordOf<{ accountId: AccountId }>(item).accountId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return accounts;
}

const unfinishedList = "unfinished-consolidations";

const unused: Omit<ConsolidationSlot, "accountId"> = {
  attempt: 0,
  attemptOpen: false,
  startedAt: 0 as Instant,
  endedAt: null,
  failures: 0,
  error: null,
  unsettledKey: null,
  version: 0,
};
