import { type FileHandle, open } from "node:fs/promises";
import { type ErrorCode, errorCodes } from "../../model/error-codes.ts";
import { cellsOf, faultCode, type RecordReader } from "./record.ts";
import { type RecordSource, type RecordVisitor, readRecords } from "./record-stream.ts";
import type { RowCheck } from "./row-sql.ts";

/** Columns of the report, one row per rejected row. */
export const reportColumns = ["line", "column", "code", "message", "fix", "value"] as const;

/** Columns that follow those of the file in the file of rejected rows; an import passes over them. */
export const reasonColumns = ["_rejected_line", "_rejected_code", "_rejected_column", "_rejected_reason"] as const;

/** Sound records that a check refused: their numbers, ascending, and the indexes of the checks. */
export interface Verdicts {
  readonly rows: Int32Array;
  readonly checks: Int32Array;
}

export interface RejectRequest {
  readonly source: RecordSource;
  readonly headers: readonly string[];
  readonly checks: readonly RowCheck[];
  readonly verdicts: Verdicts;
  readonly reportPath: string;
  readonly rejectedPath: string;
}

const valueCharactersMax = 100;

/** Reads the slice again and writes out each rejected record: a line of the report, and the record as it came. */
export async function writeRejects(request: RejectRequest, signal: AbortSignal): Promise<void> {
  await using report = await open(request.reportPath, "w");
  await using rejected = await open(request.rejectedPath, "w");
  await readRecords(request.source, new RejectWriter(request, report, rejected), signal);
}

class RejectWriter implements RecordVisitor {
  readonly #request: RejectRequest;
  readonly #files: readonly [FileHandle, FileHandle];
  #report: string[] = [];
  #rejected: Uint8Array[] = [];
  /** Number of the next sound record, and of the next verdict. */
  #sound = 0;
  #verdict = 0;

  constructor(request: RejectRequest, report: FileHandle, rejected: FileHandle) {
    this.#request = request;
    this.#files = [report, rejected];
  }

  record(data: Uint8Array, start: number, reader: RecordReader, line: number): void {
    const reason = reader.fault !== 0 ? { code: faultCode(reader.fault), index: null } : this.#nextVerdict();
    if (reason === undefined) return;
    const record = data.slice(start, reader.end);
    this.#reject(line, reason, record);
  }

  skipped(fault: number, line: number): void {
    this.#reject(line, { code: faultCode(fault), index: null }, null);
  }

  async flush(): Promise<void> {
    const [report, rejected] = this.#files;
    if (this.#report.length > 0) await report.write(this.#report.join(""));
    if (this.#rejected.length > 0) await rejected.write(Buffer.concat(this.#rejected));
    this.#report = [];
    this.#rejected = [];
  }

  #nextVerdict(): { code: ErrorCode; index: number | null } | undefined {
    const { verdicts, checks } = this.#request;
    const number = this.#sound;
    this.#sound += 1;
    if (verdicts.rows[this.#verdict] !== number) return undefined;
    const check = checks[verdicts.checks[this.#verdict] ?? -1];
    this.#verdict += 1;
    if (check === undefined) throw new TypeError(`record ${number} has a verdict of no check`);
    return check;
  }

  #reject(line: number, reason: { code: ErrorCode; index: number | null }, record: Uint8Array | null): void {
    const { headers, source } = this.#request;
    const { code, index } = reason;
    const column = index === null ? "" : (headers[index] ?? "");
    const value = index === null || record === null ? "" : (cellsOf(record, source.delimiter)[index] ?? "");
    const { text, fix } = errorCodes[code];
    this.#report.push(
      csvLine([String(line), column, code, text, fix, value.slice(0, valueCharactersMax)].map(guardFormula)),
    );
    if (record === null) return;
    this.#rejected.push(record);
    // After an open quote nothing can be said any more; it is the last record of the file.
    const reasons = code === "UNTERMINATED_QUOTE" ? [] : [String(line), code, column, text];
    const separator = String.fromCharCode(source.delimiter);
    this.#rejected.push(Buffer.from(`${reasons.map((cell) => separator + csvCell(cell, separator)).join("")}\n`));
  }
}

/** One line of CSV with commas. */
export function csvLine(cells: readonly string[], separator = ","): string {
  return `${cells.map((cell) => csvCell(cell, separator)).join(separator)}\n`;
}

function csvCell(cell: string, separator: string): string {
  return /["\r\n]/.test(cell) || cell.includes(separator) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** A spreadsheet would run a cell that begins like this (CWE-1236); for files that people open, never for data. */
export function guardFormula(cell: string): string {
  return /^[=+\-@\t\r\0＝＋－＠]/.test(cell) ? `'${cell}` : cell;
}
