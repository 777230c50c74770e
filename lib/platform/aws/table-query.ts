import { QueryCommand, type QueryCommandInput, type QueryCommandOutput } from "@aws-sdk/client-dynamodb";
import type { Item, TablePage, TableQuery } from "../../flows/ports.ts";
import { checkKey } from "../table-limits.ts";
import { fromAttributes, keyAttributes, toKey } from "./table-items.ts";

interface QueryContext {
  readonly tableName: string;
  readonly send: (command: QueryCommand) => Promise<QueryCommandOutput>;
  readonly isWanted: (item: Item) => boolean;
}

const pageItemsMax = 1_000;
/** Answers of DynamoDB that one page may take; one that meets mostly unwanted items ends short. */
const answersMax = 10;

/** One page of a partition: asks on until it is full, and for one item more, to know whether there is another page. */
export async function queryPage(query: TableQuery, context: QueryContext): Promise<TablePage> {
  const limit = Math.min(query.limit ?? 100, pageItemsMax);
  if (!(limit >= 1)) throw new RangeError(`a page has at least one item, not ${limit}`);
  const key = keyCondition(query);
  if (key === undefined) return { items: [] };
  const items: Item[] = [];
  let start = query.cursor === undefined ? undefined : Buffer.from(query.cursor, "base64url").toString();
  for (let answers = 1; ; answers += 1) {
    const page = await context.send(
      new QueryCommand({
        TableName: context.tableName,
        ConsistentRead: true,
        ...key,
        ScanIndexForward: query.order !== "descending",
        Limit: limit + 1 - items.length,
        ...(start !== undefined && { ExclusiveStartKey: toKey({ pk: query.pk, sk: start }) }),
      }),
    );
    const found = (page.Items ?? []).map(fromAttributes);
    items.push(...found.filter((item) => item.sk !== query.to && context.isWanted(item)));
    if (items.length > limit) return pageOf(items.slice(0, limit), items[limit - 1]?.sk);
    start = page.LastEvaluatedKey?.[keyAttributes.sort]?.S;
    if (start === undefined || answers === answersMax) return pageOf(items, start);
  }
}

function pageOf(items: readonly Item[], lastSk: string | undefined): TablePage {
  return lastSk === undefined ? { items } : { items, cursor: Buffer.from(lastSk).toString("base64url") };
}

type KeyCondition = Pick<
  QueryCommandInput,
  "KeyConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
>;

/** `from` and `to` as the one comparison that DynamoDB takes, whose end is inclusive; undefined for a range that is empty. */
function keyCondition({ pk, from = "", to }: TableQuery): KeyCondition | undefined {
  checkKey({ pk, sk: "any" });
  if (to !== undefined && Buffer.compare(Buffer.from(from), Buffer.from(to)) >= 0) return undefined;
  const [hasFrom, hasTo] = [from !== "", to !== undefined];
  const comparison = hasFrom && hasTo ? "BETWEEN :from AND :to" : hasFrom ? ">= :from" : hasTo ? "< :to" : undefined;
  return {
    KeyConditionExpression: comparison === undefined ? "#pk = :pk" : `#pk = :pk AND #sk ${comparison}`,
    ExpressionAttributeNames: { "#pk": keyAttributes.partition, ...(comparison && { "#sk": keyAttributes.sort }) },
    ExpressionAttributeValues: {
      ":pk": { S: pk },
      ...(hasFrom && { ":from": { S: from } }),
      ...(to !== undefined && { ":to": { S: to } }),
    },
  };
}
