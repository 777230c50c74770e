import { SyncError } from "../../model/errors.ts";
import type { TableName } from "../../model/tables.ts";
import { CheckFailure } from "../check-steps.ts";
import { checkColumns, needsTables } from "../sql/columns.ts";
import { bareName, createTables, tableKeys, tableNames, tableRef } from "../sql/dialect.ts";
import type { SqlRow } from "../sql/receipts.ts";
import type { PostgresSession } from "./connection.ts";
import { quote } from "./dialect.ts";
import type { PostgresSettings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";
import type { Place } from "./staging.ts";
import { inTransaction } from "./transaction.ts";

const tablesOfSchema =
  "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1";

/** Both schemas are there and open to us; one that is missing is made where the user may. */
export async function checkSchemas(session: PostgresSession, settings: PostgresSettings): Promise<void> {
  const { schema, stagingSchema, username } = settings;
  const user = quote(username);
  const found = await readSchemas(session, settings);
  for (const name of new Set([schema, stagingSchema])) {
    if (!found.has(name)) await makeSchema(session, settings, name);
  }
  const made = found.size === new Set([schema, stagingSchema]).size ? found : await readSchemas(session, settings);
  if (made.get(schema)?.["usage"] !== true) {
    throw lacks(`the use of the schema ${schema}`, `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${user};`);
  }
  const staging = made.get(stagingSchema);
  if (staging?.["usage"] !== true || staging["create"] !== true) {
    throw lacks(
      `the right to create tables in the schema ${stagingSchema}`,
      `GRANT USAGE, CREATE ON SCHEMA ${quote(stagingSchema)} TO ${user};`,
    );
  }
}

async function readSchemas(session: PostgresSession, settings: PostgresSettings): Promise<Map<string, SqlRow>> {
  const rows = await session.query({
    sql: `SELECT nspname AS name, has_schema_privilege(oid, 'USAGE') AS usage, has_schema_privilege(oid, 'CREATE') AS create FROM pg_catalog.pg_namespace WHERE nspname IN ($1, $2)`,
    values: [settings.schema, settings.stagingSchema],
  });
  return new Map(rows.map((row) => [String(row["name"]), row]));
}

async function makeSchema(session: PostgresSession, settings: PostgresSettings, name: string): Promise<void> {
  const [row] = await session.run("SELECT has_database_privilege(current_database(), 'CREATE') AS may");
  const statement = `CREATE SCHEMA IF NOT EXISTS ${quote(name)}`;
  if (row?.["may"] === true) {
    await session.run(statement);
    return;
  }
  const grant = `GRANT USAGE${name === settings.stagingSchema ? ", CREATE" : ""} ON SCHEMA ${quote(name)} TO ${quote(settings.username)};`;
  throw new CheckFailure(
    `${statement}; ${grant}`,
    new SyncError("OBJECT_MISSING", { message: `there is no schema ${name}` }),
  );
}

/** What rights there are on the tables that exist. */
export async function checkTablePrivileges(
  session: PostgresSession,
  settings: PostgresSettings,
  prefix: string,
): Promise<string> {
  const found = await session.query({
    sql: `SELECT c.relname AS name, has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AS may ${tablesOfSchema} AND c.relkind IN ('r', 'p')`,
    values: [settings.schema],
  });
  const ours = new Set(tableNames.map((table) => bareName(prefix, table)));
  const closed = found.find((row) => ours.has(String(row["name"])) && row["may"] !== true);
  if (closed === undefined) return "schemas and tables are open to us";
  const table = `${quote(settings.schema)}.${quote(String(closed["name"]))}`;
  throw lacks(
    `SELECT, INSERT or UPDATE on ${table}`,
    `GRANT SELECT, INSERT, UPDATE ON ${table} TO ${quote(settings.username)};`,
  );
}

function lacks(what: string, fix: string): CheckFailure {
  return new CheckFailure(fix, new SyncError("PERMISSION_DENIED", { message: `the user lacks ${what}` }));
}

/** All tables are there; where none is, they are made if the user may. */
export async function checkTables(session: PostgresSession, settings: PostgresSettings, place: Place): Promise<string> {
  const found = await session.query({
    sql: `SELECT c.relname AS name ${tablesOfSchema} AND c.relkind IN ('r', 'p')`,
    values: [settings.schema],
  });
  const names = new Set(found.map((row) => String(row["name"])));
  if (!needsTables(place.dialect, place.prefix, names)) return "all tables are there";
  const [schema] = await session.query({
    sql: "SELECT has_schema_privilege(oid, 'CREATE') AS may FROM pg_catalog.pg_namespace WHERE nspname = $1",
    values: [settings.schema],
  });
  if (schema?.["may"] !== true) {
    throw new CheckFailure(
      setupScript(settings, place.prefix),
      new SyncError("OBJECT_MISSING", { message: `the tables are not there: run the setup script` }),
    );
  }
  const statements = [...createTables(place.dialect, place.prefix)];
  await inTransaction(session, "COMMIT", () => session.run(statements.join(";\n")));
  return "the tables were created";
}

/** Columns have our names and types, and each table the key by which its rows are one. */
export async function checkTableColumns(
  session: PostgresSession,
  settings: PostgresSettings,
  place: Place,
): Promise<string> {
  for (const table of tableNames) {
    const found = await session.query({
      sql: `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
      values: [settings.schema, bareName(place.prefix, table)],
    });
    const columns = found.map((row) => ({
      name: String(row["name"]),
      type: String(row["type"]),
      required: row["required"] === true,
    }));
    checkColumns(place.dialect, place.prefix, table, columns);
    await checkKey(session, settings, place, table);
  }
  return "all columns have their types, all tables their keys";
}

async function checkKey(
  session: PostgresSession,
  settings: PostgresSettings,
  place: Place,
  table: TableName,
): Promise<void> {
  const indexes = await session.query({
    sql: `SELECT array_to_string(ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) ORDER BY a.attname), ',') AS columns FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL`,
    values: [settings.schema, bareName(place.prefix, table)],
  });
  const wanted = [...tableKeys[table]].sort().join(",");
  if (indexes.some((row) => row["columns"] === wanted)) return;
  const ref = tableRef(place.dialect, place.prefix, table);
  throw new CheckFailure(
    `ALTER TABLE ${ref} ADD PRIMARY KEY (${tableKeys[table].map(quote).join(", ")});`,
    new SyncError("COLUMN_CONFLICT", { message: `${ref} has no unique key` }),
  );
}
