import {
  carriageReturn,
  lineFeed,
  quote,
  type Run,
  type RunOptions,
  runAutomaton,
  type State,
  states,
} from "./automaton.ts";

/**
 * As `runAutomaton`, and with its answer, at several times its speed: jumps from quote to quote, since only they change
 * what a line feed means. Bytes with a CR among them it leaves to the automaton.
 */
export function runByQuotes(data: Uint8Array, from: number, to: number, options: RunOptions): Run {
  // A Buffer, whose search is sixteen times as fast as that of a Uint8Array.
  const block = Buffer.from(data.buffer, data.byteOffset + from, to - from);
  const isOdd = options.start === states.carriageReturn || options.before === carriageReturn;
  if (isOdd || block.length === 0 || block.indexOf(carriageReturn) >= 0) return runAutomaton(data, from, to, options);
  const walk: Walk = { block, delimiter: options.delimiter, start: options.start, border: -1 };
  if (options.start === states.recordStart) walk.border = 0;
  const end = walkQuotes(walk);
  const lines = countLineFeeds(block, block.length);
  const linesBefore = walk.border < 0 ? lines : countLineFeeds(block, walk.border);
  return { end, border: walk.border < 0 ? -1 : from + walk.border, lines, linesBefore };
}

interface Walk {
  readonly block: Buffer;
  readonly delimiter: number;
  readonly start: State;
  border: number;
}

/** Where the bytes leave off; notes the first border on the way. */
function walkQuotes(walk: Walk): State {
  const { block, start } = walk;
  let at = 0;
  let isInside = start === states.quoted;
  if (start === states.quoteInQuoted && block[0] === quote) {
    isInside = true;
    at = 1;
  }
  for (;;) {
    const found = block.indexOf(quote, at);
    if (!isInside) {
      noteBorder(walk, at, found < 0 ? block.length : found);
      if (found < 0) return endOutside(walk);
      isInside = opensCell(walk, found);
      at = found + 1;
      continue;
    }
    if (found < 0) return states.quoted;
    if (found + 1 === block.length) return states.quoteInQuoted;
    isInside = block[found + 1] === quote;
    at = found + (isInside ? 2 : 1);
  }
}

function noteBorder(walk: Walk, from: number, to: number): void {
  if (walk.border >= 0) return;
  const found = walk.block.indexOf(lineFeed, from);
  if (found >= 0 && found < to && found + 1 < walk.block.length) walk.border = found + 1;
}

/** A quote opens a cell only as its first byte. */
function opensCell({ block, delimiter, start }: Walk, at: number): boolean {
  if (at === 0) return start === states.recordStart || start === states.cellStart;
  return block[at - 1] === delimiter || block[at - 1] === lineFeed;
}

function endOutside({ block, delimiter }: Walk): State {
  const last = block[block.length - 1];
  if (last === lineFeed) return states.recordStart;
  return last === delimiter ? states.cellStart : states.unquoted;
}

function countLineFeeds(block: Buffer, to: number): number {
  let count = 0;
  for (let at = block.indexOf(lineFeed); at >= 0 && at < to; at = block.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}
