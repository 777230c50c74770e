import { type FileHandle, open } from "node:fs/promises";
import { SyncError } from "../../model/errors.ts";
import { lineBytesMax } from "../../model/limits.ts";
import { carriageReturn, lineFeed, runAutomaton, type State, states } from "./automaton.ts";
import { lineTooLong, RecordReader, unterminatedQuote } from "./record.ts";
import { Utf8Check } from "./utf8-check.ts";

/** Bytes read at once. The buffer has room for one such chunk behind the longest record that is taken. */
const chunkBytes = 4 * 1024 * 1024;

/** Whole records of a file, of which `path` may hold no more than these. */
export interface RecordSource {
  readonly path: string;
  /** Where in `path` the byte lies that is number `start` of the file. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
  /** Line breaks of the file before `start`. */
  readonly linesBefore: number;
  readonly delimiter: number;
  readonly columns: number;
}

/** Sees the records of a source one after another, blank lines left out. */
export interface RecordVisitor {
  /** A record lies at `data[start, reader.end)`; its line in the file counts from 1. */
  record(data: Uint8Array, start: number, reader: RecordReader, line: number): void;
  /** A record that was too long to hold in memory went by; `fault` is an index into `faults`. */
  skipped(fault: number, line: number): void;
  /** The bytes seen so far are about to be overwritten. */
  flush(): Promise<void>;
}

/** Reads a source in bounded memory. Throws `INVALID_ENCODING` with the offset in the file. Answers the line breaks seen. */
export async function readRecords(source: RecordSource, visitor: RecordVisitor, signal: AbortSignal): Promise<number> {
  await using file = await open(source.path);
  return await new RecordStream(source, visitor).run(file, signal);
}

class RecordStream {
  readonly #source: RecordSource;
  readonly #visitor: RecordVisitor;
  readonly #reader: RecordReader;
  readonly #data: Buffer;
  #filled = 0;
  #position: number;
  #line: number;
  /** Within a record that is too long: the automaton's state. */
  #skipping: State | null = null;
  #skippedFromLine = 0;
  #skippedLastByte = -1;
  readonly #utf8 = new Utf8Check();

  constructor(source: RecordSource, visitor: RecordVisitor) {
    this.#source = source;
    this.#data = Buffer.allocUnsafeSlow(Math.min(lineBytesMax + chunkBytes, source.end - source.start) + 1);
    this.#visitor = visitor;
    this.#reader = new RecordReader(source.delimiter, source.columns);
    this.#position = source.start;
    this.#line = source.linesBefore + 1;
  }

  async run(file: FileHandle, signal: AbortSignal): Promise<number> {
    while (this.#position < this.#source.end) {
      signal.throwIfAborted();
      await this.#fill(file);
      const isLast = this.#position >= this.#source.end;
      const at = this.#takeRecords(this.#takeSkipped(0, isLast), isLast);
      await this.#visitor.flush();
      this.#data.copyWithin(0, at, this.#filled);
      this.#filled -= at;
      if (this.#filled > lineBytesMax) this.#beginSkipping();
    }
    return this.#line - this.#source.linesBefore - 1;
  }

  async #fill(file: FileHandle): Promise<void> {
    const { start, end, offset } = this.#source;
    const wanted = Math.min(chunkBytes, end - this.#position);
    for (let got = 0; got < wanted; ) {
      const at = this.#position - start + offset;
      const { bytesRead } = await file.read(this.#data, this.#filled, wanted - got, at);
      if (bytesRead === 0) throw new SyncError("OBJECT_GONE", { message: "the file became shorter while it was read" });
      const piece = this.#data.subarray(this.#filled, this.#filled + bytesRead);
      this.#utf8.piece(piece, this.#position, this.#position + bytesRead >= end);
      got += bytesRead;
      this.#filled += bytesRead;
      this.#position += bytesRead;
    }
    // What the reader wants to find behind the bytes.
    this.#data[this.#filled] = lineFeed;
  }

  #takeRecords(from: number, isLast: boolean): number {
    const reader = this.#reader;
    let at = from;
    while (at < this.#filled) {
      const byte = this.#data[at];
      if (byte === lineFeed || byte === carriageReturn) {
        if (byte === carriageReturn && at + 1 >= this.#filled && !isLast) return at;
        at += byte === carriageReturn && at + 1 < this.#filled && this.#data[at + 1] === lineFeed ? 2 : 1;
        this.#line += 1;
        continue;
      }
      if (!reader.read(this.#data, at, this.#filled, isLast)) return at;
      this.#visitor.record(this.#data, at, reader, this.#line);
      this.#line += reader.lines;
      at = reader.next;
    }
    return at;
  }

  #beginSkipping(): void {
    this.#skipping = states.cellStart;
    this.#skippedLastByte = -1;
    this.#skippedFromLine = this.#line;
    this.#takeSkipped(0, false);
    this.#filled = 0;
  }

  /** Passes over the rest of a record that is too long; answers where the next one starts. */
  #takeSkipped(from: number, isLast: boolean): number {
    if (this.#skipping === null) return from;
    const run = runAutomaton(this.#data, from, this.#filled, {
      delimiter: this.#source.delimiter,
      start: this.#skipping,
      before: this.#skippedLastByte,
    });
    this.#skippedLastByte = this.#data[this.#filled - 1] ?? -1;
    this.#line += run.linesBefore;
    this.#skipping = run.end;
    if (run.border < 0 && !isLast) return this.#filled;
    const isOpen = run.border < 0 && run.end === states.quoted;
    this.#visitor.skipped(isOpen ? unterminatedQuote : lineTooLong, this.#skippedFromLine);
    this.#skipping = null;
    return run.border < 0 ? this.#filled : run.border;
  }
}
