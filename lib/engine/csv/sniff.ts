import { isUtf8 } from "node:buffer";
import { SyncError } from "../../model/errors.ts";
import { columnsMax, headBytesMax, headerBytesMax } from "../../model/limits.ts";
import { carriageReturn, lineFeed } from "./automaton.ts";
import { refuseOtherKinds } from "./file-kind.ts";
import { cellsOf, RecordReader, unterminatedQuote } from "./record.ts";
import { Utf8Check } from "./utf8-check.ts";

/** What the first bytes of a file tell. */
export interface CsvShape {
  /** A byte: one of `,` `;` tab `|`. */
  readonly delimiter: number;
  readonly headers: readonly string[];
  /** Where the rows begin, and the line breaks before. */
  readonly dataStart: number;
  readonly linesBefore: number;
}

const delimiters = [",", ";", "\t", "|"] as const;
/** Records after the header that are looked at to tell delimiters apart. */
const sampleRecords = 50;

/**
 * Looks at the first bytes (at most `headBytesMax`) of a file. Throws what makes the file as a whole unreadable:
 * `EMPTY_FILE`, `NOT_CSV`, `UNSUPPORTED_ENCODING`, `INVALID_ENCODING`, `DELIMITER_UNCLEAR`, `TOO_MANY_COLUMNS`…
 */
export function sniffCsv(head: Uint8Array, isWhole: boolean, delimiter?: string): CsvShape {
  const hasMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const text = head.subarray(hasMark ? 3 : 0);
  refuseOtherKinds(text);
  const announced = announcedDelimiter(text);
  const top = skipBlankLines(text, announced?.length ?? 0);
  if (top.at >= text.length && isWhole) throw new SyncError("EMPTY_FILE");
  const chosen = (delimiter ?? announced?.delimiter ?? likelyDelimiter(text, top.at, isWhole)).charCodeAt(0);
  const reader = new RecordReader(chosen, 0);
  if (!reader.read(text, top.at, text.length, isWhole)) throw endlessHeader(text, top.at, chosen);
  const line = text.subarray(top.at, reader.end);
  if (reader.fault === unterminatedQuote) throw new SyncError("UNTERMINATED_QUOTE", { message: unclosedHeader });
  if (!isUtf8(line)) new Utf8Check().piece(line, (hasMark ? 3 : 0) + top.at, true);
  return {
    delimiter: chosen,
    headers: checkedHeaders(cellsOf(line, chosen)),
    dataStart: (hasMark ? 3 : 0) + reader.next,
    linesBefore: top.lines + (announced === undefined ? 0 : 1) + reader.lines,
  };
}

const unclosedHeader = "a quote that is opened in the header is never closed";

/** Excel's first line `sep=;`. */
function announcedDelimiter(text: Uint8Array): { delimiter: string; length: number } | undefined {
  const match = /^sep=([,;\t|])(\r\n|\r|\n)/i.exec(Buffer.from(text.subarray(0, 16)).toString("latin1"));
  return match?.[1] === undefined ? undefined : { delimiter: match[1], length: match[0].length };
}

function skipBlankLines(text: Uint8Array, from: number): { at: number; lines: number } {
  let [at, lines] = [from, 0];
  for (; text[at] === lineFeed || text[at] === carriageReturn; at += 1) {
    if (text[at] === carriageReturn || text[at - 1] !== carriageReturn || at === from) lines += 1;
  }
  return { at, lines };
}

/** The delimiter that gives most records as many cells as the header; of several such, the one that gives most cells. */
function likelyDelimiter(text: Uint8Array, from: number, isWhole: boolean): string {
  const ranked = delimiters
    .map((delimiter) => ({ delimiter, ...cellsBy(delimiter, text, from, isWhole) }))
    .filter(({ cells }) => cells > 1)
    .sort((a, b) => b.agreement - a.agreement || b.cells - a.cells);
  const [first, second] = ranked;
  if (first === undefined) return ",";
  if (second !== undefined && second.agreement === first.agreement && second.cells === first.cells) {
    const names = `"${first.delimiter}" and "${second.delimiter}"`;
    throw new SyncError("DELIMITER_UNCLEAR", {
      message: `${names} divide the file equally well; set one in the mapping`,
    });
  }
  return first.delimiter;
}

function cellsBy(delimiter: string, text: Uint8Array, from: number, isWhole: boolean) {
  const reader = new RecordReader(delimiter.charCodeAt(0), 0);
  if (!reader.read(text, from, text.length, isWhole)) return { cells: 0, agreement: 0 };
  const cells = reader.cells;
  let [agreeing, seen, at] = [0, 0, reader.next];
  while (seen < sampleRecords && at < text.length && reader.read(text, at, text.length, isWhole)) {
    at = reader.next;
    seen += 1;
    if (reader.cells === cells) agreeing += 1;
  }
  // Rounded, so that a few ragged rows do not outweigh a delimiter that gives many more cells.
  return { cells, agreement: seen === 0 ? 1 : Math.round((agreeing / seen) * 4) };
}

function endlessHeader(text: Uint8Array, from: number, delimiter: number): SyncError {
  const cells = text.subarray(from).filter((byte) => byte === delimiter).length + 1;
  if (cells > columnsMax) return tooManyColumns(cells, "at least ");
  return new SyncError("LINE_TOO_LONG", { message: `the header does not end within ${headBytesMax} bytes` });
}

function checkedHeaders(headers: readonly string[]): readonly string[] {
  if (headers.length > columnsMax) throw tooManyColumns(headers.length);
  const long = headers.find((header) => Buffer.byteLength(header) > headerBytesMax);
  if (long !== undefined) {
    throw new SyncError("HEADER_TOO_LONG", {
      message: `the column "${long.slice(0, 40)}…" has a name of more than ${headerBytesMax} bytes`,
    });
  }
  return headers;
}

function tooManyColumns(count: number, how = ""): SyncError {
  return new SyncError("TOO_MANY_COLUMNS", {
    message: `the file has ${how}${count} columns; at most ${columnsMax} are taken`,
  });
}
