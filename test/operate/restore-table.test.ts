import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { expect, test } from "vitest";
import type { Item } from "../../lib/flows/ports.ts";
import { runRestoreTableCommand } from "../../lib/operate/restore/restore-table-command.ts";
import { copyTable } from "../../lib/platform/aws/copy-table.ts";
import { openTable } from "../../lib/platform/aws/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { createStateTable, dynamoDbClient } from "../support/aws/clients.ts";
import { startDynamoDb } from "../support/aws/dynamodb-server.ts";
import { fakeWorld } from "../support/operator-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;

/** Two tables on one emulator, the first with items enough for several batches. */
async function twoTables(): Promise<AsyncDisposable & { readonly client: DynamoDBClient }> {
  const server = await startDynamoDb();
  const client = dynamoDbClient(server.url);
  for (const name of ["old", "new"]) await createStateTable(client, name);
  return { client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("a copied table holds exactly what the other one does, also when it is copied again", async () => {
  await using bed = await twoTables();
  const tables = ["old", "new"].map((tableName) => openTable({ client: bed.client, tableName, clock: systemClock }));
  const [from, to] = tables as [(typeof tables)[0], (typeof tables)[0]];
  const items: Item[] = Array.from({ length: 60 }, (_, at) => ({ pk: "account/a/", sk: `item/${at}`, nested: { at } }));
  for (const item of items) await from.put(item);
  await to.put({ pk: "account/a/", sk: "item/0", stale: true });
  await to.put({ pk: "account/b/", sk: "item/0", surplus: true });
  const places = [
    { client: bed.client, name: "old" },
    { client: bed.client, name: "new" },
  ] as const;

  const outcome = await copyTable(...places, never);
  const again = await copyTable(...places, never);

  expect(outcome).toEqual({ copied: 60, deleted: 1 });
  expect(again).toEqual({ copied: 60, deleted: 0 });
  expect((await to.query({ pk: "account/a/" })).items).toEqual((await from.query({ pk: "account/a/" })).items);
  expect((await to.query({ pk: "account/b/" })).items).toEqual([]);
});

const stacks = { WarehouseSyncData: { TableName: "the-table" } };

test("restores after the typed name", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: ["warehouse-sync"] });

  const exitCode = await runRestoreTableCommand(
    ["--from", "restored", "--from-region", "us-east-1"],
    fake.world,
    never,
  );

  expect(exitCode).toBe(0);
  expect(fake.copied).toEqual(["us-east-1/restored the-table"]);
});

test.for([
  ["another name", ["--from", "restored"], "acme", 1],
  ["no terminal", ["--from", "restored"], null, 1],
  ["the installation's own table", ["--from", "the-table"], "warehouse-sync", 2],
] as const)("with %s nothing is changed", async ([, words, answer, expected]) => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks, answers: [answer] });

  const exitCode = await runRestoreTableCommand([...words], fake.world, never);

  expect(exitCode).toBe(expected);
  expect(fake.copied).toEqual([]);
});
