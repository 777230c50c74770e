import { gzipSync } from "node:zlib";
import type { Column } from "../../model/tables.ts";
import { stagedColumns } from "../sql/dialect.ts";
import type { S3Settings } from "./settings.ts";
import type { DataTable } from "./views.ts";

/** A file of a table's columns without rows: readers find the columns before the first rows come. */
export function emptyFile(format: S3Settings["format"], table: DataTable): Uint8Array {
  return format === "parquet" ? emptyParquet(stagedColumns(table)) : gzipSync("");
}

/**
 * Nothing but a footer, in Thrift's compact protocol. https://parquet.apache.org/docs/file-format/,
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
function emptyParquet(columns: readonly Column[]): Uint8Array {
  const schema = [
    struct([field(4, binary, text("duckdb_schema")), field(5, i32, zigzag(columns.length))]),
    ...columns.map(schemaElement),
  ];
  const footer = struct([
    field(1, i32, zigzag(2)),
    field(2, list, listOf(schema)),
    field(3, i64, zigzag(0)),
    field(4, list, listOf([])),
    field(6, binary, text("warehouse-sync")),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  const magic = Buffer.from("PAR1");
  return Buffer.concat([magic, footer, length, magic]);
}

/** Types of Thrift's compact protocol. */
const [isFalse, i32, i64, binary, list, structure] = [2, 5, 6, 8, 9, 12] as const;

interface Field {
  readonly id: number;
  readonly type: number;
  readonly value: Buffer;
}

const field = (id: number, type: number, value: Buffer): Field => ({ id, type, value });

/** Physical type, converted type, and what a decimal needs, by their numbers in parquet.thrift. */
const parquetTypes: Readonly<Record<Column["type"], { readonly type: number; readonly converted?: number }>> = {
  text: { type: 6, converted: 0 },
  json: { type: 6, converted: 0 },
  instant: { type: 2, converted: 10 },
  int64: { type: 2, converted: 18 },
  decimal: { type: 7, converted: 5 },
  bool: { type: 0 },
};

const optional = 1;

function schemaElement({ name, type }: Column): Buffer {
  const { type: physical, converted } = parquetTypes[type];
  const isDecimal = type === "decimal";
  return struct([
    field(1, i32, zigzag(physical)),
    ...(isDecimal ? [field(2, i32, zigzag(16))] : []),
    field(3, i32, zigzag(optional)),
    field(4, binary, text(name)),
    ...(converted === undefined ? [] : [field(6, i32, zigzag(converted))]),
    ...(isDecimal ? [field(7, i32, zigzag(9)), field(8, i32, zigzag(38))] : []),
    ...(type === "instant" ? [field(10, structure, timestampInMicros())] : []),
  ]);
}

/** `LogicalType.TIMESTAMP`: `isAdjustedToUTC` false (a boolean's value is its type here), unit `MICROS`. */
function timestampInMicros(): Buffer {
  const micros = struct([field(2, structure, struct([]))]);
  const timestamp = struct([field(1, isFalse, Buffer.alloc(0)), field(2, structure, micros)]);
  return struct([field(8, structure, timestamp)]);
}

/** Fields in the order of their ids, each by its distance from the one before, and the end. */
function struct(fields: readonly Field[]): Buffer {
  let before = 0;
  const parts = fields.map(({ id, type, value }) => {
    const head = Buffer.from([((id - before) << 4) | type]);
    before = id;
    return Buffer.concat([head, value]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function listOf(structs: readonly Buffer[]): Buffer {
  const head =
    structs.length < 15
      ? Buffer.from([(structs.length << 4) | structure])
      : Buffer.concat([Buffer.from([0xf0 | structure]), varint(structs.length)]);
  return Buffer.concat([head, ...structs]);
}

function text(value: string): Buffer {
  return Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
}

function zigzag(value: number): Buffer {
  return varint(value * 2);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
