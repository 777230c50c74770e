import { type FileHandle, open } from "node:fs/promises";
import { carriageReturn, lineFeed, quote } from "./automaton.ts";
import type { RecordReader } from "./record.ts";
import { type RecordSource, type RecordVisitor, readRecords } from "./record-stream.ts";

export interface CleanSlice {
  /** Records of the slice, good or bad. */
  readonly records: number;
  /** Those written. */
  readonly good: number;
  readonly lines: number;
  /** What ends each record of the cleaned file. */
  readonly lineBreak: "\n" | "\r\n";
}

/**
 * DuckDB takes a byte order mark off the first line, and nothing may be taken off a slice: so every cleaned file begins
 * with a line that says nothing, to be skipped.
 */
const skippedLine = "-";

/**
 * Writes the sound records of a slice to a file of their own, in a spelling that leaves a reader no choice: one kind of
 * line break, cells with a quote in them quoted. Nothing within a cell is changed.
 */
export async function cleanSlice(source: RecordSource, path: string, signal: AbortSignal): Promise<CleanSlice> {
  await using file = await open(path, "w");
  const writer = new CleanWriter(file, source.delimiter);
  const lines = await readRecords(source, writer, signal);
  return { records: writer.records, good: writer.good, lines, lineBreak: writer.hasCrLf ? "\r\n" : "\n" };
}

class CleanWriter implements RecordVisitor {
  records = 0;
  good = 0;
  /** Decided by the first sound record, so that most records can be written as they lie. */
  hasCrLf = false;
  readonly #file: FileHandle;
  readonly #delimiter: number;
  /** What is to be written next: views of the stream's buffer, and rewritten records. */
  #pieces: Uint8Array[] = [];
  #data: Uint8Array = new Uint8Array();
  #runStart = -1;
  #runEnd = -1;

  constructor(file: FileHandle, delimiter: number) {
    this.#file = file;
    this.#delimiter = delimiter;
  }

  record(data: Uint8Array, start: number, reader: RecordReader): void {
    this.records += 1;
    if (reader.fault !== 0) return;
    const breakBytes = reader.next - reader.end;
    if (this.good === 0) this.#begin(breakBytes === 2);
    this.good += 1;
    // A lone CR becomes a LF where it lies: nobody reads these bytes again.
    if (breakBytes === 1) data[reader.end] = lineFeed;
    if (reader.hasLooseQuote || breakBytes !== (this.hasCrLf ? 2 : 1)) {
      this.#endRun();
      const record = data.subarray(start, reader.end);
      this.#pieces.push(reader.hasLooseQuote ? quoteLooseCells(record, this.#delimiter) : record, this.#lineBreak);
      return;
    }
    if (start !== this.#runEnd) {
      this.#endRun();
      this.#data = data;
      this.#runStart = start;
    }
    this.#runEnd = reader.next;
  }

  skipped(): void {
    this.records += 1;
  }

  async flush(): Promise<void> {
    this.#endRun();
    if (this.#pieces.length > 0) await this.#file.writev(this.#pieces);
    this.#pieces = [];
  }

  #begin(hasCrLf: boolean): void {
    this.hasCrLf = hasCrLf;
    this.#pieces.push(Buffer.from(skippedLine), this.#lineBreak);
  }

  get #lineBreak(): Uint8Array {
    return Uint8Array.from(this.hasCrLf ? [carriageReturn, lineFeed] : [lineFeed]);
  }

  #endRun(): void {
    if (this.#runEnd >= 0) this.#pieces.push(this.#data.subarray(this.#runStart, this.#runEnd));
    this.#runStart = -1;
    this.#runEnd = -1;
  }
}

/** Quotes each unquoted cell that holds a quote, and doubles its quotes. */
function quoteLooseCells(record: Uint8Array, delimiter: number): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at <= record.length; ) {
    const end = cellEnd(record, at, delimiter);
    const cell = record.subarray(at, end);
    const isLoose = cell[0] !== quote && cell.includes(quote);
    if (isLoose) out.push(quote);
    for (const byte of cell) {
      if (isLoose && byte === quote) out.push(quote);
      out.push(byte);
    }
    if (isLoose) out.push(quote);
    if (end < record.length) out.push(delimiter);
    at = end + 1;
  }
  return Uint8Array.from(out);
}

function cellEnd(record: Uint8Array, start: number, delimiter: number): number {
  let at = start;
  if (record[at] === quote) {
    // A sound quoted cell: past its closing quote comes the delimiter or the end.
    for (at += 1; at < record.length; at += 1) {
      if (record[at] !== quote) continue;
      if (record[at + 1] !== quote) break;
      at += 1;
    }
  }
  const end = record.indexOf(delimiter, at);
  return end < 0 ? record.length : end;
}
