import type { Deps } from "../deps.ts";
import { outcomeKey, requireList, type SliceOutcome, workKey } from "./import-files.ts";
import type { ImportAttempt, ImportSlice } from "./requests.ts";

/** What all workers of an attempt made of the file, in its order. */
export interface ImportOutcome {
  readonly slices: readonly SliceOutcome[];
  /** records = accepted + rejected */
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** Reads the outcomes of every slice of an attempt. */
export async function importOutcome(
  deps: Pick<Deps, "files">,
  request: ImportAttempt,
  signal: AbortSignal,
): Promise<ImportOutcome> {
  const items = await requireList<readonly ImportSlice[]>(deps, workKey(request, "slices.json"));
  const slices: SliceOutcome[] = [];
  for (const { number } of items) {
    signal.throwIfAborted();
    slices.push(await requireList<SliceOutcome>(deps, outcomeKey(request, number)));
  }
  const sum = (count: (slice: SliceOutcome) => number) => slices.reduce((total, slice) => total + count(slice), 0);
  return {
    slices,
    records: sum(({ records }) => records),
    accepted: sum(({ accepted }) => accepted),
    rejected: sum(({ rejected }) => rejected),
  };
}
