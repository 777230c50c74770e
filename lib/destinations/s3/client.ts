import { hasCode } from "../../model/errors.ts";
import type { DataObject } from "../../model/log.ts";
import { runCheck } from "../check-steps.ts";
import type { OpenOptions, StepName, Target, Warehouse } from "../destination.ts";
import { adoptTables } from "./adopt.ts";
import { type Chain, openChain } from "./chain.ts";
import { checkTasks } from "./check.ts";
import { before, commitBatch } from "./commit.ts";
import { connectS3 } from "./connection.ts";
import { layoutOf } from "./layout.ts";
import { receiptOfManifest } from "./manifest.ts";
import type { S3Settings } from "./settings.ts";
import { discardPlan, placeFiles, type StagingPlace, stageFile } from "./staging.ts";

/** A session with a bucket. Nothing is called before it is needed. */
export function openS3(settings: S3Settings, target: Target, options: OpenOptions): Warehouse {
  const layout = layoutOf(settings, target.tablePrefix);
  const connection = connectS3(settings, target, options);
  const { objects } = connection;
  const place: StagingPlace = { objects, layout, partitions: settings.partitions, tablePrefix: target.tablePrefix };
  const chainOf = (object: DataObject): Chain => openChain(objects, layout, object);
  const step = async <T>(name: StepName, work: () => Promise<T>): Promise<T> => {
    await options.onStep?.(name, "before");
    const result = await work();
    await options.onStep?.(name, "after");
    return result;
  };
  return {
    check: () => runCheck(checkTasks({ settings, target, options, connection, layout, chainOf })),
    stage: (file) => step("stage", () => stageFile(place, file)),
    commit: (batch, fence) => {
      const parts = { chain: chainOf(batch.object), target, step, place: () => placeFiles(place, batch) };
      return commitBatch(parts, batch, fence);
    },
    adopt: () => adoptTables(chainOf, target),
    poll: () => Promise.reject(new TypeError("a commit ends within its call here: there is nothing to poll")),
    receipts: async (syncId, object, after) => {
      const chain = chainOf(object);
      const batches = await chain.batches(await chain.head(), syncId, after);
      return batches.map(receiptOfManifest).filter(({ logId }) => logId === target.logId);
    },
    hasReceipt: async (syncId, object, last) => {
      const chain = chainOf(object);
      try {
        const batches = await chain.batches(await chain.head(), syncId, before(last));
        return batches.some((each) => each.to_seq === last.seq && each.last_file === last.file);
      } catch (error) {
        if (hasCode(error, "RECEIPT_GONE")) return false;
        throw error;
      }
    },
    heads: async (object) => {
      const { fence, chain } = await chainOf(object).head();
      return { fence, seq: chain.seq };
    },
    discard: (planId) => step("discard", () => discardPlan(place, planId)),
    [Symbol.asyncDispose]: async () => connection[Symbol.dispose](),
  };
}
