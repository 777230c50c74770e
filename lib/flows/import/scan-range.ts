import * as z from "zod";
import { type RangeScan, scanBytes } from "../../engine/csv/scan-bytes.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { writeList } from "../store/records.ts";
import { numbered, readPlan, workKey } from "./import-files.ts";
import { notingFailure } from "./note-failure.ts";
import { openAttempt } from "./open-attempt.ts";
import { ImportAttempt } from "./requests.ts";

export const ScanRangeRequest = ImportAttempt.extend({ range: z.int().positive() });
type ScanRangeRequest = z.infer<typeof ScanRangeRequest>;

/** Runs the CSV automaton over one range of bytes, from every state that it may start in. */
export async function scanRange(deps: Deps, request: ScanRangeRequest, signal: AbortSignal): Promise<void> {
  return notingFailure(deps, request, "scan", signal, async () => {
    const { inboxKey, version } = await openAttempt(deps, request);
    const plan = await readPlan(deps, request);
    const range = plan.ranges[request.range - 1];
    if (range === undefined) throw new TypeError(`the plan has no range ${request.range}`);
    const [start, end] = range;
    const bytes = await deps.files.get(inboxKey, { version, range: { start: start - 1, end } });
    if (bytes === undefined) throw new SyncError("OBJECT_GONE");
    const scan: RangeScan = scanBytes(bytes.subarray(1), plan.delimiter, bytes[0] ?? -1);
    await writeList(deps.files, scanKey(request, request.range), scan);
  });
}

export function scanKey(request: ImportAttempt, range: number): string {
  return workKey(request, `scan-${numbered(range)}.json`);
}
