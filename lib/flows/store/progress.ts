import type { AccountId } from "../../model/ids.ts";
import { after, dayMs } from "../../model/time.ts";
import type { Clock, Table } from "../ports.ts";
import { accountItem, accountPartition, pastPrefix } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** What one worker has done. */
export interface Progress {
  readonly bytes: number;
  readonly rows: number;
}

/** Notes what a worker of some piece of work (`<import>-<attempt>`) has done; kept for a week. */
export async function putProgress(
  deps: { readonly table: Table; readonly clock: Clock },
  accountId: AccountId,
  work: string,
  worker: string,
  progress: Progress,
): Promise<void> {
  const item = itemOf(accountItem(accountId, `progress/${work}/${worker}`), progress);
  await deps.table.put({ ...item, expiresAt: after(deps.clock.now(), 7 * dayMs) });
}

/** The sum over all workers. */
export async function sumProgress(table: Table, accountId: AccountId, work: string): Promise<Progress> {
  const prefix = `progress/${work}/`;
  let [bytes, rows] = [0, 0];
  for (let cursor: string | undefined; ; ) {
    const range = { pk: accountPartition(accountId), from: prefix, to: pastPrefix(prefix), limit: 1_000 };
    const page = await table.query(cursor === undefined ? range : { ...range, cursor });
    for (const item of page.items) {
      const progress = recordOf<Progress>(item);
      bytes += progress.bytes;
      rows += progress.rows;
    }
    cursor = page.cursor;
    if (cursor === undefined) return { bytes, rows };
  }
}
