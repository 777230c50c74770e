import { openFiles } from "../../lib/platform/aws/files.ts";
import { openTable } from "../../lib/platform/aws/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { dynamoDbClient, s3Client } from "../support/aws/clients.ts";
import type { Stores } from "./port-workers.ts";

/** Names in every stand-in. */
export const tableName = "state";
export const bucketName = "files";

/** The table and files of stand-ins that another process runs. */
export function openStores(tableUrl: string, filesUrl: string, scratchFolder: string): Stores {
  return {
    table: openTable({ client: dynamoDbClient(tableUrl), tableName, clock: systemClock }),
    files: openFiles({ client: s3Client(filesUrl), bucket: bucketName, scratchFolder, clock: systemClock }),
  };
}
