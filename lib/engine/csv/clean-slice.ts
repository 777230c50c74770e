import { type FileHandle, open } from "node:fs/promises";
import { lineFeed, quote } from "./automaton.ts";
import type { RecordReader } from "./record.ts";
import { type RecordSource, type RecordVisitor, readRecords } from "./record-stream.ts";

export interface CleanSlice {
  /** Records of the slice, good or bad. */
  readonly records: number;
  /** Those written. */
  readonly good: number;
}

/**
 * DuckDB takes a byte order mark off the first line, and nothing may be taken off a slice: so every cleaned file begins
 * with a line that says nothing, to be skipped.
 */
const skippedLine = "-\n";

/**
 * Writes the sound records of a slice to a file of their own, in a spelling that leaves a reader no choice: LF after
 * each record (DuckDB reads CRLF wrongly when it skips a line), cells with a quote in them quoted. Nothing within a cell
 * is changed.
 */
export async function cleanSlice(source: RecordSource, path: string, signal: AbortSignal): Promise<CleanSlice> {
  await using file = await open(path, "w");
  const writer = new CleanWriter(file, source.delimiter);
  await readRecords(source, writer, signal);
  return { records: writer.records, good: writer.good };
}

class CleanWriter implements RecordVisitor {
  records = 0;
  good = 0;
  readonly #file: FileHandle;
  readonly #delimiter: number;
  /** What is to be written next: views of the stream's buffer, and rewritten records. */
  #pieces: Uint8Array[] = [Buffer.from(skippedLine)];
  #data: Uint8Array = new Uint8Array();
  /** Finished records that lie side by side in the buffer. */
  #runStart = -1;
  #runEnd = -1;
  /** Bytes between the run and the record that follows it: LFs of CRLFs that were closed up. */
  #gap = 0;

  constructor(file: FileHandle, delimiter: number) {
    this.#file = file;
    this.#delimiter = delimiter;
  }

  record(data: Uint8Array, start: number, reader: RecordReader): void {
    this.records += 1;
    if (reader.fault !== 0) return;
    this.good += 1;
    const breakBytes = reader.next - reader.end;
    if (reader.hasLooseQuote || breakBytes === 0) {
      this.#endRun();
      const record = data.subarray(start, reader.end);
      const line = reader.hasLooseQuote ? quoteLooseCells(record, this.#delimiter) : record;
      this.#pieces.push(line, Uint8Array.of(lineFeed));
      return;
    }
    // Nobody reads these bytes again: the break becomes a LF where it lies, and a gap of one byte is closed.
    data[reader.end] = lineFeed;
    if (start === this.#runEnd) {
      this.#runEnd = reader.end + 1;
    } else if (start === this.#runEnd + this.#gap) {
      data.copyWithin(this.#runEnd, start, reader.end + 1);
      this.#runEnd += reader.end + 1 - start;
    } else {
      this.#endRun();
      this.#data = data;
      this.#runStart = start;
      this.#runEnd = reader.end + 1;
    }
    this.#gap = reader.next - this.#runEnd;
  }

  skipped(): void {
    this.records += 1;
  }

  async flush(): Promise<void> {
    this.#endRun();
    if (this.#pieces.length > 0) await this.#file.writev(this.#pieces);
    this.#pieces = [];
  }

  #endRun(): void {
    if (this.#runEnd >= 0) this.#pieces.push(this.#data.subarray(this.#runStart, this.#runEnd));
    this.#runStart = -1;
    this.#runEnd = -1;
    this.#gap = 0;
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
