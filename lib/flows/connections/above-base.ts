import type { Batch, Receipt, RunningCommit, Warehouse } from "../../destinations/destination.ts";
import type { Position } from "../../model/log.ts";

/** The same session with every position raised by a base on the way in, and lowered on the way out. The `_seq` of rows is raised where they are encoded. */
export function aboveBase(warehouse: Warehouse, base: number): Warehouse {
  if (base === 0) return warehouse;
  const raised = ({ seq, file }: Position): Position => ({ seq: seq + base, file });
  const lowered = ({ seq, file }: Position): Position => ({ seq: seq - base, file });
  const raisedBatch = (batch: Batch): Batch => ({ ...batch, first: raised(batch.first), last: raised(batch.last) });
  const receiptOf = (receipt: Receipt): Receipt => ({
    ...receipt,
    first: lowered(receipt.first),
    last: lowered(receipt.last),
  });
  const answer = (given: Receipt | RunningCommit) => ("token" in given ? given : receiptOf(given));
  return {
    check: () => warehouse.check(),
    stage: (file) => warehouse.stage(file),
    commit: async (batch, fence) => answer(await warehouse.commit(raisedBatch(batch), fence)),
    ...(warehouse.rehearse === undefined
      ? {}
      : { rehearse: (batch) => warehouse.rehearse?.(raisedBatch(batch)) ?? nothing }),
    ...(warehouse.adopt === undefined ? {} : { adopt: () => warehouse.adopt?.() ?? nothing }),
    poll: async (token) => answer(await warehouse.poll(token)),
    receipts: async (syncId, object, after) => (await warehouse.receipts(syncId, object, raised(after))).map(receiptOf),
    hasReceipt: (syncId, object, last) => warehouse.hasReceipt(syncId, object, raised(last)),
    heads: async (object) => {
      const { fence, seq } = await warehouse.heads(object);
      return { fence, seq: seq - base };
    },
    discard: (planId) => warehouse.discard(planId),
    [Symbol.asyncDispose]: () => warehouse[Symbol.asyncDispose](),
  };
}

const nothing = Promise.resolve();
