import * as z from "zod";
import type { Receipt } from "../../destinations/destination.ts";
import { openWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { SyncRef } from "./requests.ts";

export const ReadReceiptsRequest = SyncRef.extend({ after: z.object({ seq: z.number(), file: z.number() }) });

/** What the writer of `list-receipts` answers. */
export interface ReadReceiptsAnswer {
  readonly receipts: readonly Receipt[];
  /** Whether the warehouse shows more after the last of these. */
  readonly hasMore: boolean;
}

/** Some 2 MB: a Lambda function answers 6 MB at most. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const receiptsMax = 5_000;

/** Reads a sync's receipts above a position from its warehouse, in log order. A writer's step: others call `listReceipts`. */
export async function readReceipts(
  deps: Deps,
  request: z.infer<typeof ReadReceiptsRequest>,
  signal: AbortSignal,
): Promise<ReadReceiptsAnswer> {
  const sync = await getSyncRecord(deps.table, request.accountId, request.syncId);
  const connection = await getConnectionRecord(deps.table, request.accountId, sync.connectionId);
  await using warehouse = await openWarehouse(deps, connection, signal);
  const receipts = await warehouse.receipts(sync.id, sync.object, request.after);
  return { receipts: receipts.slice(0, receiptsMax), hasMore: receipts.length > receiptsMax };
}
