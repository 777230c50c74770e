import { buffer } from "node:stream/consumers";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { bytesOf } from "../../../../lib/destinations/stand-ins/s3/s3-bytes.ts";
import { dynamoDbClient } from "../clients.ts";
import type { DeployedInstallation } from "./deployed-installation.ts";

/** All that an installation has written, said or kept, but for Secrets Manager: where no secret may stand. */
export async function keptTexts({ stores, host, executions }: DeployedInstallation): Promise<readonly string[]> {
  const texts = [...host.lines.map(({ line }) => line), ...executions.map(({ input }) => input)];
  const client = dynamoDbClient(stores.dynamoDb.url);
  for (let start: Record<string, never> | undefined, isMore = true; isMore; ) {
    const command = new ScanCommand({ TableName: stores.tableName, ...(start ? { ExclusiveStartKey: start } : {}) });
    const { Items = [], LastEvaluatedKey } = await client.send(command);
    texts.push(...Items.map((item) => JSON.stringify(item)));
    start = LastEvaluatedKey as typeof start;
    isMore = start !== undefined;
  }
  client.destroy();
  const { objects } = stores.s3.bucket;
  for (const version of objects.keys.flatMap((key) => objects.versionsOf(key)))
    texts.push((await buffer(bytesOf(version.stretches, 0, version.bytes))).toString("latin1"));
  return texts;
}
