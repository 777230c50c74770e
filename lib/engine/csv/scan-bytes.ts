import { allStates, lineFeed, quote, type Run, type State, states } from "./automaton.ts";
import { runByQuotes } from "./quote-run.ts";

/** What each possible start state makes of one range of a file; indexed by state. Offsets count from the range's start. */
export type RangeScan = readonly Run[];

/** Small at first, since wrong guesses meet the right one soon; then large, since what is left are two at most. */
const firstBlockBytes = 4 * 1024;
const blockBytes = 256 * 1024;

/**
 * Runs the automaton over a range from every state that it may start in. `before` is the byte before the range, -1 at
 * the file's start. Guesses that have met run as one from there on.
 */
export function scanBytes(data: Uint8Array, delimiter: number, before: number): RangeScan {
  let runs: readonly Run[] = allStates.map((end) => ({ end, border: -1, lines: 0, linesBefore: 0 }));
  for (let from = 0; from < data.length; ) {
    const to = Math.min(data.length, from + (from === 0 ? firstBlockBytes : blockBytes));
    const previous = from === 0 ? before : (data[from - 1] as number);
    runs = continueRuns(runs, data, { from, to, delimiter, before: previous });
    from = to;
  }
  return runs;
}

interface Block {
  readonly from: number;
  readonly to: number;
  readonly delimiter: number;
  readonly before: number;
}

function continueRuns(runs: readonly Run[], data: Uint8Array, block: Block): readonly Run[] {
  const { from, to, delimiter, before } = block;
  const byState = new Map<State, Run>();
  const text = Buffer.from(data.buffer, data.byteOffset + from, to - from);
  const isQuoteFree = !text.includes(quote) && data[from] !== lineFeed;
  let lines = -1;
  // The quoted state comes last: what it would count is known by then, and without a quote there is nothing to run.
  const starts = [...new Set(runs.map(({ end }) => end))].sort(
    (a, b) => Number(a === states.quoted) - Number(b === states.quoted),
  );
  for (const start of starts) {
    const isIdle = start === states.quoted && isQuoteFree && lines >= 0;
    const run = isIdle
      ? { end: start, border: -1, lines, linesBefore: lines }
      : runByQuotes(data, from, to, { delimiter, start, before });
    lines = run.lines;
    byState.set(start, run);
  }
  return runs.map((run) => join(run, byState.get(run.end) as Run));
}

function join(first: Run, second: Run): Run {
  const hasBorder = first.border >= 0;
  return {
    end: second.end,
    border: hasBorder ? first.border : second.border,
    lines: first.lines + second.lines,
    linesBefore: hasBorder ? first.linesBefore : first.lines + second.linesBefore,
  };
}
