import {
  type AttributeDefinition,
  CreateTableCommand,
  type KeySchemaElement,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { dynamoDbClient } from "../clients.ts";
import type { DeployedResource } from "./template-values.ts";

/** Makes a table as its template says. */
export async function createTableLike(table: DeployedResource, endpoint: string): Promise<void> {
  const client = dynamoDbClient(endpoint);
  const TableName = table.attribute("Ref");
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: table.get("KeySchema") as KeySchemaElement[],
      AttributeDefinitions: table.get("AttributeDefinitions") as AttributeDefinition[],
    }),
  );
  const expiry = table.get("TimeToLiveSpecification") as { readonly AttributeName: string; readonly Enabled: boolean };
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: expiry }));
  client.destroy();
}
