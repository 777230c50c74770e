import type { PlannedFile, SyncRecord } from "./sync.ts";

/** Good batches after which a halved batch size is given up again. */
const goodBatchesToRestore = 10;

interface BatchLimits {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly batchFilesMax: number;
}

/** The files of the next batch: consecutive, whole, within the destination's limits, and at least one. */
export function takeBatch(
  files: readonly PlannedFile[],
  limits: BatchLimits,
  filesPerBatch: number | null,
): readonly PlannedFile[] {
  const filesMax = Math.max(1, Math.min(limits.batchFilesMax, filesPerBatch ?? Number.POSITIVE_INFINITY));
  let [rows, bytes, count] = [0, 0, 0];
  for (const file of files) {
    rows += file.source.rows;
    bytes += file.source.bytes;
    const isOver = rows > limits.batchRowsMax || bytes > limits.batchBytesMax || count >= filesMax;
    if (count > 0 && isOver) break;
    count += 1;
  }
  return files.slice(0, count);
}

/** After a commit that ran out of time: half as many files as it had, at least one. */
export function halved(filesInBatch: number): Pick<SyncRecord, "filesPerBatch" | "goodBatches"> {
  return { filesPerBatch: Math.max(1, Math.floor(filesInBatch / 2)), goodBatches: 0 };
}

/** After a committed batch: counts it, and restores the full size after ten. */
export function afterGoodBatch(
  sync: Pick<SyncRecord, "filesPerBatch" | "goodBatches">,
): Pick<SyncRecord, "filesPerBatch" | "goodBatches"> {
  if (sync.filesPerBatch === null) return { filesPerBatch: null, goodBatches: 0 };
  const goodBatches = sync.goodBatches + 1;
  return goodBatches >= goodBatchesToRestore
    ? { filesPerBatch: null, goodBatches: 0 }
    : { filesPerBatch: sync.filesPerBatch, goodBatches };
}
