import type { DataObject } from "../../model/log.ts";
import { type Column, type ColumnType, type TableName, warehouseTables } from "../../model/tables.ts";
import { checkedPrefix, quoteIdentifier } from "./identifiers.ts";

/** What differs between engines that speak SQL. Pure: text in, text out. */
export interface SqlDialect {
  readonly types: Readonly<Record<ColumnType, string>>;
  /** Names longer than this are refused. */
  readonly nameBytesMax: number;
  /** Tables whose key the engine should enforce. */
  readonly keyedTables: readonly TableName[];
  /** Folded into every table name: the schema, quoted and with its dot, or nothing. */
  readonly qualifier: string;
  /** The instant of an expression as milliseconds since the epoch, a whole number. */
  epochMs(expression: string): string;
  /** The server's clock as an instant. */
  readonly now: string;
  /** What follows the columns of a table's definition, where the engine wants to be told how to keep it. */
  readonly tableOptions?: Partial<Readonly<Record<TableName, string>>>;
  /** Statements that give a column another type, where `ALTER COLUMN … TYPE` will not do. */
  retypeColumn?(table: string, column: string, type: string): string;
  /** The statement that lets a column be null, where `ALTER COLUMN … DROP NOT NULL` will not do. */
  allowNull?(table: string, column: string): string;
}

/** What makes a row of each table one. */
export const tableKeys: Readonly<Record<TableName, readonly string[]>> = {
  profile: ["id"],
  event: ["id"],
  metric: ["id"],
  sync_receipt: ["target_table", "sync_id", "plan_id", "to_seq", "last_file"],
};

export const tableNames = Object.keys(warehouseTables) as readonly TableName[];

/** The table that an object's rows go to. */
export function tableOf(object: DataObject | "metrics"): TableName {
  return ({ profiles: "profile", events: "event", metrics: "metric" } as const)[object];
}

/** The bare name of a table, as receipts have it in `target_table`. */
export function bareName(prefix: string, table: TableName): string {
  return `${checkedPrefix(prefix)}${table}`;
}

/** The table as statements name it: quoted, and with its schema where there is one. */
export function tableRef(dialect: SqlDialect, prefix: string, table: TableName): string {
  return `${dialect.qualifier}${quoteIdentifier(bareName(prefix, table), dialect.nameBytesMax)}`;
}

/** The columns that staged files hold, in order: the table's own less `_synced_at`. */
export function stagedColumns(table: TableName): readonly Column[] {
  return warehouseTables[table].filter((column) => column.name !== "_synced_at");
}

/** Names of columns, quoted, as in an insert or select list. */
export function columnList(columns: readonly Column[], qualifier = ""): string {
  return columns.map((column) => `${qualifier}"${column.name}"`).join(", ");
}

/** Column definitions as in a create statement, one a line. */
export function columnDefinitions(dialect: SqlDialect, columns: readonly Column[]): string {
  return columns
    .map((column) => `  "${column.name}" ${dialect.types[column.type]}${column.required ? " NOT NULL" : ""}`)
    .join(",\n");
}

/** `CREATE TABLE IF NOT EXISTS` for one table of a prefix. */
export function createTable(dialect: SqlDialect, prefix: string, table: TableName): string {
  const key = dialect.keyedTables.includes(table)
    ? `,\n  PRIMARY KEY (${tableKeys[table].map((name) => `"${name}"`).join(", ")})`
    : "";
  const columns = columnDefinitions(dialect, warehouseTables[table]);
  return `CREATE TABLE IF NOT EXISTS ${tableRef(dialect, prefix, table)} (\n${columns}${key}\n)${dialect.tableOptions?.[table] ?? ""}`;
}

/** The statements that make all tables of a prefix, in order. */
export function createTables(dialect: SqlDialect, prefix: string): readonly string[] {
  return tableNames.map((table) => createTable(dialect, prefix, table));
}
