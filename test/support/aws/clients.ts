import { CreateTableCommand, DynamoDBClient, UpdateTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Clock } from "../../../lib/flows/ports.ts";
import { awsClient } from "../../../lib/platform/aws/clients.ts";
import { keyAttributes, ttlAttribute } from "../../../lib/platform/aws/table-items.ts";
import { systemClock } from "../../../lib/platform/system-clock.ts";
import { testOptions } from "./client.ts";

export function dynamoDbClient(endpoint: string): DynamoDBClient {
  return awsClient(DynamoDBClient, testOptions({ endpoint }));
}

/** Buckets stand in the path: names of hosts below localhost resolve nowhere. */
export function s3Client(endpoint: string): S3Client {
  const client = awsClient(S3Client, testOptions({ endpoint }));
  client.config.forcePathStyle = true;
  return client;
}

export function secretsClient(endpoint: string): SecretsManagerClient {
  return awsClient(SecretsManagerClient, testOptions({ endpoint }));
}

/** Makes the state table as the infrastructure does. */
export async function createStateTable(client: DynamoDBClient, tableName: string): Promise<void> {
  const { partition, sort } = keyAttributes;
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: partition, KeyType: "HASH" },
        { AttributeName: sort, KeyType: "RANGE" },
      ],
      AttributeDefinitions: [partition, sort].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    }),
  );
  const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
}

/** The hours of a clock that tests wind, the pauses of the real one: nobody winds it while an adapter waits for its next try. */
export function hoursOf(clock: Pick<Clock, "now">): Clock {
  return { now: () => clock.now(), sleep: (ms, signal) => systemClock.sleep(ms, signal) };
}
