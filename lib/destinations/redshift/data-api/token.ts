import * as z from "zod";
import type { RunId, SyncId } from "../../../model/ids.ts";
import type { DataObject } from "../../../model/log.ts";
import type { Batch } from "../../destination.ts";
import type { Guard } from "./transaction.ts";

const Position = z.object({ seq: z.number(), file: z.number() });
const Token = z.object({
  id: z.string(),
  fence: z.number(),
  syncId: z.string(),
  planId: z.string(),
  object: z.enum(["profiles", "events"]),
  first: Position,
  last: Position,
  /** Number of the statement → what its failing says. */
  guards: z.record(z.string(), z.string()),
  /** Where the batch's files lie, by which the log of load errors knows them. */
  locations: z.array(z.string()),
});

/** A commit under way, as whoever polls it has to know it. */
export interface Running {
  readonly id: string;
  readonly fence: number;
  /** As much of the batch as finds its receipt. */
  readonly batch: Batch;
  readonly guards: Readonly<Record<number, Guard>>;
  readonly locations: readonly string[];
}

/** Packs a running commit into the token that is kept; holds no secret. */
export function tokenOf({ id, fence, batch, guards, locations }: Running): string {
  const { syncId, planId, object, first, last } = batch;
  return JSON.stringify({ id, fence, syncId, planId, object, first, last, guards, locations });
}

/** Unpacks a token. */
export function runningOf(token: string): Running {
  const { id, fence, guards, locations, ...found } = Token.parse(JSON.parse(token));
  const batch: Batch = {
    syncId: found.syncId as SyncId,
    planId: found.planId as RunId,
    object: found.object satisfies DataObject,
    ...{ first: found.first, last: found.last },
    ...{ files: [], metricFile: null, rowsStaged: 0, rowsQuarantined: 0, syncedAt: 0 as Batch["syncedAt"] },
  };
  return { id, fence, batch, locations, guards: guards as unknown as Running["guards"] };
}
