import { cutFile } from "../../engine/csv/cut-file.ts";
import type { RangeScan } from "../../engine/csv/scan-bytes.ts";
import type { Deps } from "../deps.ts";
import { writeList } from "../store/records.ts";
import { readPlan, requireList, workKey } from "./import-files.ts";
import { notingFailure } from "./note-failure.ts";
import { openAttempt } from "./open-attempt.ts";
import { type ImportAnswer, ImportAttempt, type ImportSlice } from "./requests.ts";
import { scanKey } from "./scan-range.ts";

export const CutRangesRequest = ImportAttempt;

/** Composes the scans of all ranges, in order, into slices of whole records. */
export async function cutRanges(deps: Deps, request: ImportAttempt, signal: AbortSignal): Promise<ImportAnswer> {
  return notingFailure(deps, request, "cut", signal, async () => {
    await openAttempt(deps, request);
    const plan = await readPlan(deps, request);
    const scans: RangeScan[] = [];
    for (const index of plan.ranges.keys()) {
      signal.throwIfAborted();
      scans.push(await requireList<RangeScan>(deps, scanKey(request, index + 1)));
    }
    const slices = cutFile(plan.ranges, scans, plan.linesBefore);
    const itemsKey = workKey(request, "slices.json");
    const items = slices.map((slice, index): ImportSlice => ({ ...request, number: index + 1, ...slice }));
    await writeList(deps.files, itemsKey, items);
    return { ...request, next: "parse", itemsKey };
  });
}
