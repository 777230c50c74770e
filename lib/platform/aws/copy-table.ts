import { setTimeout } from "node:timers/promises";
import { BatchWriteItemCommand, type DynamoDBClient, paginateScan, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { type AttributeMap, keyAttributes } from "./table-items.ts";

export interface TablePlace {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** A batch takes no more: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const batchItemsMax = 25;
const firstWaitMs = 100;
const waitMsMax = 5_000;

/**
 * Makes `to` hold exactly the items of `from`. Nobody may write to either meanwhile. Broken off and run again it ends the
 * same. Keeps the keys of all items in memory.
 */
export async function copyTable(
  from: TablePlace,
  to: TablePlace,
  signal: AbortSignal,
): Promise<{ readonly copied: number; readonly deleted: number }> {
  const kept = new Set<string>();
  await forEachPage(from, signal, async (items) => {
    for (const item of items) kept.add(keyText(item));
    await write(
      to,
      items.map((Item) => ({ PutRequest: { Item } })),
      signal,
    );
  });
  let deleted = 0;
  await forEachPage(to, signal, async (items) => {
    const surplus = items.filter((item) => !kept.has(keyText(item)));
    await write(
      to,
      surplus.map((item) => ({ DeleteRequest: { Key: keyOf(item) } })),
      signal,
    );
    deleted += surplus.length;
  });
  return { copied: kept.size, deleted };
}

async function forEachPage(
  { client, name }: TablePlace,
  signal: AbortSignal,
  use: (items: readonly AttributeMap[]) => Promise<void>,
): Promise<void> {
  for await (const page of paginateScan({ client }, { TableName: name, ConsistentRead: true })) {
    signal.throwIfAborted();
    await use(page.Items ?? []);
  }
}

async function write(
  { client, name }: TablePlace,
  requests: readonly WriteRequest[],
  signal: AbortSignal,
): Promise<void> {
  for (let start = 0; start < requests.length; start += batchItemsMax) {
    let open: WriteRequest[] = requests.slice(start, start + batchItemsMax);
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, waitMsMax)) {
      const command = new BatchWriteItemCommand({ RequestItems: { [name]: open } });
      const answer = await client.send(command, { abortSignal: signal });
      open = answer.UnprocessedItems?.[name] ?? [];
      if (open.length === 0) break;
      await setTimeout(waitMs, undefined, { signal });
    }
  }
}

function keyOf(item: AttributeMap): AttributeMap {
  const entries = Object.values(keyAttributes).map((name) => [name, item[name]] as const);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function keyText(item: AttributeMap): string {
  return JSON.stringify(Object.values(keyAttributes).map((name) => item[name]?.S));
}
