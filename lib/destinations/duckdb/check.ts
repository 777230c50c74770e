import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "../../model/errors.ts";
import { CheckFailure, type CheckTask } from "../check-steps.ts";
import type { StagedFile, Target } from "../destination.ts";
import { checkBatch, checkRow } from "../sql/check-row.ts";
import { checkColumns, needsTables } from "../sql/columns.ts";
import { bareName, createTables, tableNames } from "../sql/dialect.ts";
import { quoteText } from "../sql/identifiers.ts";
import { receiptStatements } from "../sql/receipts.ts";
import { catalogue, type DatabaseLocation, type OpenDatabase, stagingFolder, withDatabase } from "./database.ts";
import { duckdbDialect } from "./dialect.ts";
import { mergeBatch } from "./merge.ts";

/** The steps of a check of the file. They make the file and its tables where there are none. */
export function checkTasks(location: DatabaseLocation, target: Target, signal: AbortSignal): readonly CheckTask[] {
  const prefix = target.tablePrefix;
  const opened = (work: (database: OpenDatabase) => Promise<string>) => () => withDatabase(location, signal, work);
  return [
    { step: "reach", run: opened(async () => `${location.file} can be opened`) },
    { step: "tls", run: async () => "a file on this machine: nothing to encrypt" },
    { step: "login", run: async () => "a file on this machine: no login" },
    { step: "privileges", run: opened(async () => "the file can be written") },
    { step: "tables", run: opened((database) => makeTables(database, prefix)) },
    { step: "columns", run: opened((database) => checkAllColumns(database, prefix)) },
    { step: "receipts", run: opened((database) => checkReceipts(database, target)) },
    { step: "load", run: opened((database) => loadOneRow(database, location, prefix)) },
  ];
}

async function makeTables(database: OpenDatabase, prefix: string): Promise<string> {
  const found = await database.run(
    `SELECT table_name FROM duckdb_tables() WHERE database_name = '${catalogue}' AND schema_name = 'main'`,
  );
  const isNew = needsTables(duckdbDialect, prefix, new Set(found.map((row) => String(row["table_name"]))));
  if (!isNew) return "all tables are there";
  await database.run(["BEGIN TRANSACTION", ...createTables(duckdbDialect, prefix), "COMMIT"].join(";\n"));
  return "the tables were created";
}

async function checkAllColumns(database: OpenDatabase, prefix: string): Promise<string> {
  for (const table of tableNames) {
    const found = await database.query({
      sql: `SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE database_name = '${catalogue}' AND schema_name = 'main' AND table_name = $1`,
      values: [bareName(prefix, table)],
    });
    const columns = found.map((row) => ({
      name: String(row["column_name"]),
      type: String(row["data_type"]),
      required: row["is_nullable"] === false,
    }));
    checkColumns(duckdbDialect, prefix, table, columns);
  }
  return "all columns have their types";
}

async function checkReceipts(database: OpenDatabase, target: Target): Promise<string> {
  const [foreign] = await database.query(receiptStatements(duckdbDialect, target).foreign());
  if (foreign === undefined) return "no other log writes here";
  throw new SyncError("FOREIGN_RECEIPTS", { message: `the tables hold receipts of the log ${foreign["log_id"]}` });
}

/** Writes one row as a staged file, merges it, and takes everything back. */
async function loadOneRow(database: OpenDatabase, location: DatabaseLocation, prefix: string): Promise<string> {
  const path = join(stagingFolder(location.folder), "check.parquet");
  const values = checkRow("profile").map(({ name, text, type }) => {
    const staged = type === "json" ? "VARCHAR" : duckdbDialect.types[type];
    return `${quoteText(text)}::${staged} AS "${name}"`;
  });
  const file: StagedFile = { number: 1, object: "profiles", rows: 1, bytes: 0, location: path };
  try {
    await database.run(`COPY (SELECT ${values.join(", ")}) TO ${quoteText(path)} (FORMAT parquet)`);
    await database.run("BEGIN TRANSACTION");
    const counts = await mergeBatch(database, { prefix, pathOf: () => path }, checkBatch(file));
    if (counts.inserted !== 1) throw new CheckFailure("Nothing to do: try again.", new SyncError("INVARIANT_BROKEN"));
    return "one row was loaded and taken back";
  } finally {
    await database.run("ROLLBACK").catch(() => undefined);
    await rm(path, { force: true });
  }
}
