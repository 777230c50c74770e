import type { S3Client } from "@aws-sdk/client-s3";
import { type S3Options, type S3Server, startS3 } from "../../../lib/destinations/stand-ins/s3/s3-server.ts";
import type { Files, Table } from "../../../lib/flows/ports.ts";
import { openFiles } from "../../../lib/platform/aws/files.ts";
import { openTable } from "../../../lib/platform/aws/table.ts";
import { bucketName, tableName } from "../../ports/aws-stores.ts";
import { type WindableClock, windableClock } from "../clock.ts";
import { tempFolder } from "../temp-folder.ts";
import { createStateTable, dynamoDbClient, hoursOf, s3Client } from "./clients.ts";
import { type DynamoDbOptions, type DynamoDbServer, startDynamoDb } from "./dynamodb-server.ts";

export interface DynamoDbBed extends AsyncDisposable {
  readonly server: DynamoDbServer;
  readonly client: ReturnType<typeof dynamoDbClient>;
  readonly clock: WindableClock;
  readonly table: Table;
}

/** A table in a DynamoDB of its own. */
export async function openDynamoDbBed(options: DynamoDbOptions = {}): Promise<DynamoDbBed> {
  const server = await startDynamoDb(options);
  const client = dynamoDbClient(server.url);
  await createStateTable(client, tableName);
  const clock = windableClock();
  return {
    server,
    client,
    clock,
    table: openTable({ client, tableName, clock: hoursOf(clock) }),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

export interface S3Bed extends AsyncDisposable {
  readonly server: S3Server;
  readonly client: S3Client;
  readonly clock: WindableClock;
  readonly files: Files;
  readonly scratchFolder: string;
}

/** Files in an S3 of their own. */
export async function openS3Bed(options: Pick<S3Options, "onCreated"> = {}): Promise<S3Bed> {
  const clock = windableClock();
  const server = await startS3({ ...options, bucketName, nowMs: () => clock.now() });
  const client = s3Client(server.url);
  const scratch = tempFolder();
  return {
    server,
    client,
    clock,
    files: openFiles({ client, bucket: bucketName, scratchFolder: scratch.path, clock: hoursOf(clock) }),
    scratchFolder: scratch.path,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
      scratch[Symbol.dispose]();
    },
  };
}
