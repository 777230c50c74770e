import { openTable } from "../../lib/platform/aws/table.ts";
import { createStateTable, dynamoDbClient, hoursOf } from "../support/aws/clients.ts";
import { startDynamoDb } from "../support/aws/dynamodb-server.ts";
import { windableClock } from "../support/clock.ts";
import { tableName } from "./aws-stores.ts";
import { describeTable, type OpenTableBed } from "./table-contract.ts";

const open: OpenTableBed = async () => {
  const server = await startDynamoDb();
  const client = dynamoDbClient(server.url);
  await createStateTable(client, tableName);
  const clock = windableClock();
  return {
    table: openTable({ client, tableName: tableName, clock: hoursOf(clock) }),
    clock,
    address: { module: new URL("./aws-stores.ts", import.meta.url).href, args: [server.url, "", ""] },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
};

describeTable("the table in DynamoDB", open, { textOrder: "utf-16", raises: 40 });
