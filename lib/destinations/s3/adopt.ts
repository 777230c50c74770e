import { randomUUID } from "node:crypto";
import { SyncError } from "../../model/errors.ts";
import { type DataObject, dataObjects } from "../../model/log.ts";
import type { Target } from "../destination.ts";
import type { Chain } from "./chain.ts";
import { leaseAfter } from "./manifest.ts";

const racesMax = 20;

/** Gives the tables to our log by a manifest each, which keeps the fence; what others wrote stays where it is. */
export async function adoptTables(chainOf: (object: DataObject) => Chain, { logId }: Target): Promise<void> {
  for (const object of dataObjects) {
    const chain = chainOf(object);
    let head = await chain.head();
    for (let races = 0; head.log_id !== logId; races += 1) {
      if (races >= racesMax) throw new SyncError("CONFLICT", { message: "others write this table's manifests" });
      const lease = leaseAfter(head, { id: randomUUID(), logId, fence: head.fence });
      head = (await chain.append(lease)) ?? lease;
    }
  }
}
