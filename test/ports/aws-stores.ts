import type { Files } from "../../lib/flows/ports.ts";
import { openTable } from "../../lib/platform/aws/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { dynamoDbClient } from "../support/aws/clients.ts";
import type { Stores } from "./port-workers.ts";

/** The table and files of stand-ins that run in another process. */
export function openStores(tableUrl: string): Stores {
  return {
    table: openTable({ client: dynamoDbClient(tableUrl), tableName: "state", clock: systemClock }),
    files: undefined as unknown as Files,
  };
}
