/**
 * The grammar that everything here shares: RFC 4180, where a quote opens a quoted cell only as the first byte of the
 * cell; anywhere else in an unquoted cell it is a character like others. Outside quotes LF, CR and CRLF end a record.
 * After a closing quote anything but a delimiter or the record's end is an error; the rest of the cell then counts as
 * unquoted, so that one bad row ends where its line does.
 */
export const states = {
  /** Nothing of the next record was read. */
  recordStart: 0,
  cellStart: 1,
  unquoted: 2,
  quoted: 3,
  /** A quote was read within a quoted cell: its end, or the first of a doubled quote. */
  quoteInQuoted: 4,
  /** As `recordStart`, but a LF would still belong to the record before. */
  carriageReturn: 5,
} as const;
export type State = (typeof states)[keyof typeof states];
export const allStates: readonly State[] = Object.values(states);

export const lineFeed = 10;
export const carriageReturn = 13;
export const quote = 34;

/** What a run of the automaton over some bytes tells. Line breaks are LF, CR and CRLF, within quotes too. */
export interface Run {
  readonly end: State;
  /** Where the first record starts within the bytes; -1 when none does. A blank line counts as one here. */
  readonly border: number;
  /** Line breaks before the border; all of them where there is none. */
  readonly linesBefore: number;
  readonly lines: number;
}

export interface RunOptions {
  readonly delimiter: number;
  readonly start: State;
  /** The byte before the first, -1 where there is none: a LF after a CR is one line break with it. */
  readonly before: number;
}

/** Runs the automaton over `data[from, to)`. */
export function runAutomaton(data: Uint8Array, from: number, to: number, options: RunOptions): Run {
  const cursor: Cursor = { at: from, state: options.start, border: -1, lines: 0, linesBefore: 0 };
  const endsCell = cellEnds(options.delimiter);
  while (cursor.at < to) {
    switch (cursor.state) {
      case states.unquoted:
        runUnquoted(data, to, cursor, endsCell, options.delimiter);
        break;
      case states.quoted:
        runQuoted(data, to, cursor, cursor.at === from ? options.before : (data[cursor.at - 1] as number));
        break;
      case states.recordStart:
        runRecordStart(data, cursor);
        break;
      case states.carriageReturn:
        if (data[cursor.at] === lineFeed) cursor.at += 1;
        cursor.state = states.recordStart;
        break;
      case states.cellStart:
      case states.quoteInQuoted: {
        const isQuote = data[cursor.at] === quote;
        if (isQuote) cursor.at += 1;
        cursor.state = isQuote ? states.quoted : states.unquoted;
        break;
      }
    }
  }
  const { state: end, border, lines } = cursor;
  return { end, border, lines, linesBefore: border < 0 ? lines : cursor.linesBefore };
}

interface Cursor {
  at: number;
  state: State;
  border: number;
  lines: number;
  linesBefore: number;
}

/** 1 for the bytes that end an unquoted cell. */
export function cellEnds(delimiter: number): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of [delimiter, lineFeed, carriageReturn]) table[byte] = 1;
  return table;
}

function runRecordStart(data: Uint8Array, cursor: Cursor): void {
  if (cursor.border < 0) {
    cursor.border = cursor.at;
    cursor.linesBefore = cursor.lines;
  }
  const byte = data[cursor.at];
  if (byte !== lineFeed && byte !== carriageReturn) {
    cursor.state = states.cellStart;
    return;
  }
  cursor.at += 1;
  cursor.lines += 1;
  if (byte === carriageReturn) cursor.state = states.carriageReturn;
}

function runUnquoted(data: Uint8Array, to: number, cursor: Cursor, endsCell: Uint8Array, delimiter: number): void {
  let at = cursor.at;
  while (at < to && endsCell[data[at] as number] === 0) at += 1;
  if (at < to) {
    const byte = data[at];
    at += 1;
    if (byte === delimiter) cursor.state = states.cellStart;
    else {
      cursor.lines += 1;
      cursor.state = byte === lineFeed ? states.recordStart : states.carriageReturn;
    }
  }
  cursor.at = at;
}

function runQuoted(data: Uint8Array, to: number, cursor: Cursor, before: number): void {
  let at = cursor.at;
  let previous = before;
  while (at < to) {
    const byte = data[at] as number;
    at += 1;
    if (byte === quote) {
      cursor.state = states.quoteInQuoted;
      break;
    }
    if (byte === carriageReturn || (byte === lineFeed && previous !== carriageReturn)) cursor.lines += 1;
    previous = byte;
  }
  cursor.at = at;
}
