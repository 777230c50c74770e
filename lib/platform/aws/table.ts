import { randomUUID } from "node:crypto";
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type Clock,
  type Condition,
  ConditionFailed,
  type Item,
  type ItemKey,
  type Table,
  type TablePage,
  type TableQuery,
  type TableWrite,
} from "../../flows/ports.ts";
import type { Instant } from "../../model/time.ts";
import { checkKey, checkTransaction, keyOf } from "../table-limits.ts";
import { asStoreError, nameOf, retrying } from "./retry.ts";
import { toConditionInput } from "./table-conditions.ts";
import { fromAttributes, toAttributes, toKey } from "./table-items.ts";
import { queryPage } from "./table-query.ts";

export interface TableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
  /** For the jitter between tries. @default Math.random */
  readonly fraction?: () => number;
}

/** Conflicts pass soon: some five seconds at most before a caller hears `STORE_UNAVAILABLE`. */
const tries = { triesMax: 9, firstDelayMsMax: 50, delayMsMax: 1_600 } as const;

/**
 * The state store in DynamoDB. Whatever has a condition goes as a transaction under a token: a try whose answer got lost
 * may have been applied, and the next one must then succeed and not meet its own work. Tries after throttles and lost
 * answers are the client's; those after conflicts are made here.
 */
export function openTable(options: TableOptions): Table {
  return new DynamoTable(options);
}

class DynamoTable implements Table {
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    checkKey(key);
    const { client, tableName, clock } = this.#options;
    const command = new GetItemCommand({ TableName: tableName, Key: toKey(key), ConsistentRead: true });
    const { Item: attributes } = await this.#trying(() => client.send(command));
    if (attributes === undefined) return undefined;
    const item = fromAttributes(attributes);
    return isExpired(item, clock.now()) ? undefined : item;
  }

  async query(query: TableQuery): Promise<TablePage> {
    const { client, tableName, clock } = this.#options;
    const now = clock.now();
    return queryPage(query, {
      tableName,
      send: (command) => this.#trying(() => client.send(command)),
      isWanted: (item) => !isExpired(item, now),
    });
  }

  async put(item: Item, condition?: Condition): Promise<void> {
    if (condition !== undefined) return this.transact([{ put: item, condition }]);
    const { client, tableName } = this.#options;
    const command = new PutItemCommand({ TableName: tableName, Item: toAttributes(item) });
    await this.#trying(() => client.send(command));
  }

  async delete(key: ItemKey, condition?: Condition): Promise<void> {
    if (condition !== undefined) return this.transact([{ delete: key, condition }]);
    checkKey(key);
    const { client, tableName } = this.#options;
    const command = new DeleteItemCommand({ TableName: tableName, Key: toKey(key) });
    await this.#trying(() => client.send(command));
  }

  async transact(writes: readonly TableWrite[]): Promise<void> {
    checkTransaction(writes);
    if (writes.length === 0) return;
    const { client, tableName, clock } = this.#options;
    const now = clock.now();
    const command = new TransactWriteItemsCommand({
      TransactItems: writes.map((write) => toTransactItem(write, tableName, now)),
      ClientRequestToken: randomUUID(),
    });
    await this.#trying(() => client.send(command));
  }

  async #trying<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await retrying(this.#options, { ...tries, isWorthIt }, send);
    } catch (error) {
      const index = reasonsOf(error).indexOf("ConditionalCheckFailed");
      if (index !== -1) throw new ConditionFailed(index);
      throw asStoreError(error, "DynamoDB");
    }
  }
}

function toTransactItem(write: TableWrite, TableName: string, now: Instant): TransactWriteItem {
  const condition = toConditionInput(write.condition, now);
  if ("put" in write) return { Put: { TableName, Item: toAttributes(write.put), ...condition } };
  checkKey(keyOf(write));
  const Key = toKey(keyOf(write));
  if ("delete" in write) return { Delete: { TableName, Key, ...condition } };
  if (condition === undefined) throw new RangeError("a check asks for something");
  return { ConditionCheck: { TableName, Key, ...condition } };
}

/** What the SDK takes for final and is not: a transaction that met another one, or too many. */
function isWorthIt(error: unknown): boolean {
  const reasons = reasonsOf(error);
  if (reasons.length === 0) return passing.has(nameOf(error));
  return !reasons.includes("ConditionalCheckFailed") && reasons.some((reason) => passing.has(reason));
}

/** Names of errors and codes of reasons: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const passing = new Set([
  "TransactionConflict",
  "TransactionConflictException",
  "TransactionInProgressException",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

function reasonsOf(error: unknown): string[] {
  const reasons = (error as { CancellationReasons?: readonly { Code?: string }[] }).CancellationReasons;
  return (reasons ?? []).map(({ Code = "None" }) => Code);
}

function isExpired(item: Item, now: Instant): boolean {
  return item.expiresAt !== undefined && item.expiresAt <= now;
}
