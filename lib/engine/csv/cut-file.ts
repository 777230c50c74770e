import { type Run, type State, states } from "./automaton.ts";
import type { RangeScan } from "./scan-bytes.ts";

/** Whole consecutive records of a file: `[start, end)` in bytes. */
export interface Slice {
  readonly start: number;
  readonly end: number;
  /** Line breaks of the file before `start`. */
  readonly linesBefore: number;
}

/**
 * Equal ranges over `[start, end)`, at most `countMax`, none under `bytesMin` unless it is the only one. An even number
 * of them: on one machine two workers take them, and with an odd one left over the second would have nothing to do.
 */
export function cutEvenly(start: number, end: number, bytesMin: number, countMax: number): readonly [number, number][] {
  const most = Math.max(1, Math.min(countMax, Math.floor((end - start) / bytesMin)));
  const count = most === 1 ? 1 : most - (most % 2);
  const at = (index: number) => start + Math.floor(((end - start) * index) / count);
  return Array.from({ length: count }, (_, index) => [at(index), at(index + 1)]);
}

/**
 * Composes the scans of consecutive ranges, in order, into slices of whole records: only now is each range's true start
 * state known. A range that lies within one record yields no slice.
 */
export function cutFile(
  ranges: readonly (readonly [number, number])[],
  scans: readonly RangeScan[],
  linesBeforeFirst: number,
): readonly Slice[] {
  let state: State = states.recordStart;
  let lines = linesBeforeFirst;
  const starts: { start: number; linesBefore: number }[] = [];
  for (const [index, [start]] of ranges.entries()) {
    const run: Run | undefined = scans[index]?.[state];
    if (run === undefined) throw new TypeError(`range ${index} was not scanned`);
    if (run.border >= 0) starts.push({ start: start + run.border, linesBefore: lines + run.linesBefore });
    lines += run.lines;
    state = run.end;
  }
  const end = ranges.at(-1)?.[1] ?? 0;
  return starts.map((slice, index) => ({ ...slice, end: starts[index + 1]?.start ?? end }));
}
