import type { ErrorCode } from "../../model/error-codes.ts";
import { cellBytesMax, lineBytesMax } from "../../model/limits.ts";
import { carriageReturn, cellEnds, lineFeed, quote } from "./automaton.ts";

/** Faults of a record as such, the first that is met. 0 is none. */
const faults = [
  "",
  "BAD_QUOTE",
  "CELL_TOO_LARGE",
  "INVALID_TEXT",
  "FIELD_COUNT",
  "LINE_TOO_LONG",
  "UNTERMINATED_QUOTE",
] as const;
const badQuote = 1;
const cellTooLarge = 2;
const invalidText = 3;
const fieldCount = 4;
export const lineTooLong = 5;
export const unterminatedQuote = 6;

export function faultCode(fault: number): ErrorCode {
  const code = faults[fault];
  if (code === undefined || code === "") throw new TypeError(`${fault} is no fault`);
  return code;
}

/** Reads records one after another out of a buffer; what it found of the last one lies in its fields. */
export class RecordReader {
  /** Where the record ends, its line break left out. */
  end = 0;
  /** Where the next one starts. */
  next = 0;
  cells = 0;
  /** Index into `faults`. */
  fault = 0;
  /** Line breaks, its own included. */
  lines = 0;
  /** True when an unquoted cell holds a quote: DuckDB would read some of those otherwise, so they are quoted for it. */
  hasLooseQuote = false;

  readonly #delimiter: number;
  readonly #columns: number;
  readonly #endsCell: Uint8Array;

  constructor(delimiter: number, columns: number) {
    this.#delimiter = delimiter;
    this.#columns = columns;
    this.#endsCell = cellEnds(delimiter);
    // A NUL is looked at too; a quote within an unquoted cell likewise.
    this.#endsCell[0] = 1;
    this.#endsCell[quote] = 1;
  }

  /**
   * Reads the record at `start`. False when its end is not among the `length` bytes, unless they are the last. Behind
   * them must come a LF, or nothing: so the innermost loop has no end to look out for.
   */
  read(data: Uint8Array, start: number, length: number, isLast: boolean): boolean {
    const [endsCell, delimiter] = [this.#endsCell, this.#delimiter];
    this.fault = 0;
    this.lines = 0;
    this.hasLooseQuote = false;
    let cells = 0;
    let at = start;
    for (;;) {
      const cellStart = at;
      if (data[at] === quote && at < length) {
        at = this.#quotedCell(data, at + 1, length, isLast);
        if (at < 0) return false;
      } else {
        while (endsCell[data[at] as number] === 0) at += 1;
        if (data[at] === quote || data[at] === 0) at = this.#unquotedCell(data, at, length);
      }
      cells += 1;
      if (at - cellStart > cellBytesMax) this.#found(cellTooLarge);
      if (at < length && data[at] === delimiter) {
        at += 1;
        continue;
      }
      this.cells = cells;
      if (at >= length) return isLast && this.#ended(length, length, start);
      this.lines += 1;
      if (data[at] === lineFeed) return this.#ended(at, at + 1, start);
      if (at + 1 >= length && !isLast) return false;
      return this.#ended(at, at + 1 < length && data[at + 1] === lineFeed ? at + 2 : at + 1, start);
    }
  }

  #ended(end: number, next: number, start: number): true {
    this.end = end;
    this.next = next;
    if (this.cells !== this.#columns) this.#found(fieldCount);
    // Over every other fault but one, so that the verdict does not depend on how much of the record was in sight.
    if (end - start > lineBytesMax && this.fault !== unterminatedQuote) this.fault = lineTooLong;
    return true;
  }

  #unquotedCell(data: Uint8Array, from: number, length: number): number {
    let at = from;
    for (;;) {
      while (at < length && this.#endsCell[data[at] as number] === 0) at += 1;
      if (at >= length) return at;
      const byte = data[at];
      if (byte === quote) this.hasLooseQuote = true;
      else if (byte === 0) this.#found(invalidText);
      else return at;
      at += 1;
    }
  }

  /** Where the cell ends, -1 when that is not among the bytes. */
  #quotedCell(data: Uint8Array, from: number, length: number, isLast: boolean): number {
    let at = from;
    for (;;) {
      const closing = this.#closingQuote(data, at, length);
      if (closing < 0) {
        if (!isLast) return -1;
        this.fault = unterminatedQuote;
        return length;
      }
      at = closing + 1;
      if (at >= length) return isLast ? at : -1;
      const byte = data[at] as number;
      if (byte !== quote) {
        if (byte === this.#delimiter || byte === lineFeed || byte === carriageReturn) return at;
        this.#found(badQuote);
        return this.#unquotedCell(data, at, length);
      }
      at += 1;
    }
  }

  #closingQuote(data: Uint8Array, from: number, length: number): number {
    let at = from;
    while (at < length) {
      const byte = data[at] as number;
      if (byte === quote) return at;
      if (byte === carriageReturn || (byte === lineFeed && data[at - 1] !== carriageReturn)) this.lines += 1;
      else if (byte === 0) this.#found(invalidText);
      at += 1;
    }
    return -1;
  }

  #found(fault: number): void {
    if (this.fault === 0) this.fault = fault;
  }
}

/** The cells of one record's bytes, as text. For the few records that somebody is shown. */
export function cellsOf(record: Uint8Array, delimiter: number): readonly string[] {
  const text = new TextDecoder().decode(record);
  const separator = String.fromCharCode(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    const [cell, end] = text[at] === '"' ? quotedText(text, at, separator) : plainText(text, at, separator);
    cells.push(cell);
    if (end >= text.length) return cells;
    at = end + 1;
  }
}

function plainText(text: string, from: number, separator: string): [string, number] {
  const found = text.indexOf(separator, from);
  const end = found < 0 ? text.length : found;
  return [text.slice(from, end), end];
}

function quotedText(text: string, from: number, separator: string): [string, number] {
  const match = /"((?:[^"]|"")*)(?:"|$)/y;
  match.lastIndex = from;
  const inner = (match.exec(text)?.[1] ?? "").replaceAll('""', '"');
  const [rest, end] = plainText(text, match.lastIndex === 0 ? text.length : match.lastIndex, separator);
  return [inner + rest, end];
}
