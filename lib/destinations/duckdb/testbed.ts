import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type TableName, warehouseTables } from "../../model/tables.ts";
import { tableKeys, tableRef } from "../sql/dialect.ts";
import { loopbackDial, plainValue, type Testbed } from "../testbed.ts";
import { duckdbDialect } from "./dialect.ts";

const file = "warehouse.duckdb";

/** A folder of its own; whoever looks opens the file as its owner would, with DuckDB itself. */
export async function startTestbed(): Promise<Testbed> {
  const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-duckdb-"));
  const inFile = async (sql: string) => {
    const instance = await DuckDBInstance.create(join(folder, file));
    const connection = await instance.connect();
    try {
      return (await connection.runAndReadAll(sql)).getRowObjects();
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  };
  return {
    settings: { file },
    dial: loopbackDial,
    folder,
    rows: async (table, prefix = "klaviyo_") => {
      const found = await inFile(selectTexts(table, prefix));
      return found.map((row) =>
        Object.fromEntries(
          warehouseTables[table].map(({ name, type }) => [name, plainValue(type, unmarked(row[name]))]),
        ),
      );
    },
    columns: async (table) => {
      const catalogue = "SELECT column_name, is_nullable FROM duckdb_columns() WHERE table_name =";
      const found = await inFile(`${catalogue} 'klaviyo_${table}' ORDER BY column_index`);
      return found.map((row) => ({ name: String(row["column_name"]), required: row["is_nullable"] === false }));
    },
    administer: async (sql) => {
      await inFile(sql);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The binding drops a byte order mark from the start of every text, so each is read behind a mark of ours. */
function unmarked(text: unknown): unknown {
  return typeof text === "string" ? text.slice(1) : text;
}

function selectTexts(table: TableName, prefix: string): string {
  const columns = warehouseTables[table].map(({ name, type }) => {
    const text = type === "instant" ? `strftime("${name}", '%Y-%m-%dT%H:%M:%S.%fZ')` : `"${name}"::VARCHAR`;
    return `'=' || ${text} AS "${name}"`;
  });
  return `SELECT ${columns.join(", ")} FROM ${tableRef(duckdbDialect, prefix, table)} ORDER BY ${tableKeys[table].join(", ")}`;
}
