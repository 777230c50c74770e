import { randomUUID } from "node:crypto";
import { SyncError } from "../../model/errors.ts";
import type { Position } from "../../model/log.ts";
import type { Instant } from "../../model/time.ts";
import type { Batch, Receipt, StepName, Target } from "../destination.ts";
import { earlierReceipt } from "../earlier-receipt.ts";
import type { Chain } from "./chain.ts";
import { batchAfter, leaseAfter, type Manifest, type NamedFile, receiptOfManifest } from "./manifest.ts";

/** What one commit works with. */
export interface CommitParts {
  readonly chain: Chain;
  readonly target: Target;
  readonly step: <T>(name: StepName, work: () => Promise<T>) => Promise<T>;
  /** Brings the batch's staged files to where they stay. Throws `STAGED_GONE`. */
  place(batch: Batch): Promise<readonly NamedFile[]>;
}

/** Numbers that others took before us, one after the other; more than these is no race any more. */
const racesMax = 50;

/**
 * Commits a batch: takes a number of the chain to raise the fence, looks for the receipt, brings the files in place,
 * and takes the next number for the manifest that names them. Whatever was taken in between is looked at first.
 */
export async function commitBatch(parts: CommitParts, batch: Batch, fence: number): Promise<Receipt> {
  const { chain, step, target } = parts;
  const begun = await step("begin", () => chain.head());
  const head = await step("fence", () => raiseFence(parts, begun, fence));
  const earlier = await step("look-up", () => lookUp(parts, head, batch));
  if (earlier !== undefined) return earlier;
  const files = await step("merge", () => parts.place(batch));
  const { logId } = target;
  const claim = { id: randomUUID(), logId, batch, fence, files, committedAt: Date.now() as Instant };
  const manifest = await step("receipt", async () => batchAfter(head, claim));
  const number = await step("commit", () => append(parts, manifest, { batch, fence, claim }));
  return step("read-back", async () => {
    const found = await chain.read(number);
    if (found?.kind === "batch") return receiptOfManifest(found);
    throw new SyncError("RECEIPT_GONE", { message: "the manifest was written and cannot be read back" });
  });
}

/** Takes numbers until the newest manifest bears our fence. */
async function raiseFence({ chain, target }: CommitParts, begun: Manifest, fence: number): Promise<Manifest> {
  let head = begun;
  for (let races = 0; races < racesMax; races += 1) {
    requireOurs(head, target, fence);
    if (head.fence === fence) return head;
    const lease = leaseAfter(head, { id: randomUUID(), logId: target.logId, fence });
    const taken = await chain.append(lease);
    if (taken === undefined) return lease;
    head = taken;
  }
  throw new SyncError("CONFLICT", { message: "others write this table's manifests without pause" });
}

/** Appends the manifest, or finds that somebody with our fence committed the same batch; answers the number that holds it. */
async function append(
  parts: CommitParts,
  first: Manifest,
  { batch, fence, claim }: { batch: Batch; fence: number; claim: Parameters<typeof batchAfter>[1] },
): Promise<number> {
  let manifest = first;
  for (let races = 0; races < racesMax; races += 1) {
    const taken = await parts.chain.append(manifest);
    if (taken === undefined) return manifest.number;
    requireOurs(taken, parts.target, fence);
    const earlier = await lookUp(parts, taken, batch);
    if (earlier !== undefined) return taken.chain.syncs[batch.syncId]?.number ?? taken.number;
    manifest = batchAfter(taken, claim);
  }
  throw new SyncError("CONFLICT", { message: "others write this table's manifests without pause" });
}

/** Throws `FOREIGN_RECEIPTS` for another log's table, `FENCE_LOST` where a younger writer has been. */
function requireOurs(head: Manifest, { logId }: Target, fence: number): void {
  if (head.log_id !== null && head.log_id !== logId)
    throw new SyncError("FOREIGN_RECEIPTS", { message: `the table's manifests belong to the log ${head.log_id}` });
  if (head.fence > fence)
    throw new SyncError("FENCE_LOST", { message: `the table's fence is ${head.fence}, ours is ${fence}` });
}

async function lookUp({ chain }: CommitParts, head: Manifest, batch: Batch): Promise<Receipt | undefined> {
  const batches = await chain.batches(head, batch.syncId, before(batch.first));
  const ofPlan = batches.filter((each) => each.plan_id === batch.planId).map(receiptOfManifest);
  return earlierReceipt(ofPlan, batch);
}

/** What ends after this position ends within or after the file at `position`: files are numbered from 1. */
export function before(position: Position): Position {
  return { seq: position.seq, file: position.file - 1 };
}
