import { sqlText, sqlTexts } from "../engine.ts";

/** A Parquet file of rows in log order. The ordinal of its line n (from 0) is `firstOrdinal + n`. */
export interface RowFile {
  readonly path: string;
  readonly firstOrdinal: bigint;
  readonly rows: number;
}

/** Low bits of an ordinal that hold the row's number within its intake entry. */
const rowBits = 36n;

/** Where a row stands in the intake log, as one number that sorts in log order: the entry's seq, then the row. */
export function ordinalOf(seq: number, row: number): bigint {
  return (BigInt(seq) << rowBits) + BigInt(row);
}

/** The entry's seq, from an SQL expression of an ordinal. */
export function seqOfOrdinal(ordinal: string): string {
  return `(${ordinal} >> ${rowBits})`;
}

/** Id of the profile that the row at this ordinal creates, as SQL text of 32 hex digits. */
export function newProfileId(accountId: string, ordinal: string): string {
  const row = `(${ordinal} & ${(1n << rowBits) - 1n})`;
  return `md5(${sqlText(accountId)} || '|' || ${seqOfOrdinal(ordinal)} || '|' || ${row})`;
}

/** Key of an identifier in the identity map, as an SQL `UUID`; null where the identifier is. Its first hex digit is its partition. */
export function identifierKey(kind: keyof typeof kindLetters, value: string): string {
  return `md5('${kindLetters[kind]}|' || ${value})::UUID`;
}

const kindLetters = { external_id: "x", email: "e", phone_number: "p" } as const;

/** A row's strongest identifier as one SQL text: the key by which rows find their profile. */
export function strongestIdentifierOf(external: string, email: string, phone: string): string {
  return `coalesce('x' || ${external}, 'e' || ${email}, 'p' || ${phone})`;
}

/** Reads columns of Parquet files that we named ourselves; never guesses at Hive partitions in their paths. */
export function readParquet(paths: readonly string[]): string {
  return `read_parquet(${sqlTexts(paths)}, hive_partitioning = false)`;
}

/** `SELECT` of columns and `ord` over files of rows. */
export function selectRows(files: readonly RowFile[], columns: string): string {
  const firsts = files.map((file) => file.firstOrdinal).join(", ");
  const ordinal = `([${firsts}]::BIGINT[])[file_index::BIGINT + 1] + file_row_number`;
  return `SELECT ${columns}, ${ordinal} AS ord FROM ${readParquet(files.map((file) => file.path))}`;
}

/** Compression of everything we write: fast to write and read on one machine (measured in `bench/`). */
export const parquetOptions = "FORMAT parquet, COMPRESSION lz4_raw, RETURN_STATS true";

/** The first hex digit of an SQL text, as an integer: the partition of an id or key. */
export function firstDigit(hex: string): string {
  return `(instr('0123456789abcdef', substr(${hex}, 1, 1)) - 1)`;
}

/** When each entry was accepted, as an SQL table `a(seq, accepted_at)`. */
export function acceptedAt(acceptedAtUs: ReadonlyMap<number, bigint>): string {
  const rows = [...acceptedAtUs].map(([seq, us]) => `(${seq}::BIGINT, make_timestamp(${us}))`);
  return `(VALUES ${rows.join(", ")}) a(seq, accepted_at)`;
}
