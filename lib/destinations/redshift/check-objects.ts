import { SyncError } from "../../model/errors.ts";
import type { TableName } from "../../model/tables.ts";
import { CheckFailure } from "../check-steps.ts";
import { checkColumns, needsTables } from "../sql/columns.ts";
import type { SqlSession } from "../sql/commit.ts";
import { bareName, createTables, tableNames, tableRef } from "../sql/dialect.ts";
import { literal, quote, typeName } from "./dialect.ts";
import type { Place } from "./place.ts";
import { setupScript, tablePrivileges } from "./setup-script.ts";

/** As the catalogue has names: in lower case, however they were quoted. */
const folded = (name: string) => literal(name.toLowerCase());

/** Schema, database and tables are open to us. */
export async function checkPrivileges(session: SqlSession, place: Place): Promise<string> {
  const { schema, database } = place.settings;
  const user = quote(place.settings.username ?? "<user>");
  const [found] = await ask(session, `SELECT nspname AS "name" FROM pg_namespace WHERE nspname = ${folded(schema)}`);
  if (found === undefined) {
    const fix = `CREATE SCHEMA IF NOT EXISTS ${quote(schema)}; GRANT USAGE ON SCHEMA ${quote(schema)} TO ${user};`;
    throw new CheckFailure(fix, new SyncError("OBJECT_MISSING", { message: `there is no schema ${schema}` }));
  }
  const [may] = await ask(
    session,
    `SELECT has_schema_privilege(current_user, ${folded(schema)}, 'usage') AS "usage", has_database_privilege(current_user, current_database(), 'temp') AS "temp"`,
  );
  if (!isTrue(may?.["usage"])) {
    throw lacks(`the use of the schema ${schema}`, `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${user};`);
  }
  if (!isTrue(may?.["temp"])) {
    throw lacks("the right to make temporary tables", `GRANT TEMP ON DATABASE ${quote(database)} TO ${user};`);
  }
  for (const table of await existing(session, place)) {
    const ref = tableRef(place.dialect, place.prefix, table);
    const privileges = tablePrivileges.map(
      (privilege) => `has_table_privilege(current_user, ${folded(ref)}, ${literal(privilege.toLowerCase())})`,
    );
    const [open] = await ask(session, `SELECT ${privileges.join(" AND ")} AS "may"`);
    const list = tablePrivileges.join(", ");
    if (!isTrue(open?.["may"])) throw lacks(`one of ${list} on ${ref}`, `GRANT ${list} ON ${ref} TO ${user};`);
  }
  return "schema and tables are open to us";
}

function lacks(what: string, fix: string): CheckFailure {
  return new CheckFailure(fix, new SyncError("PERMISSION_DENIED", { message: `the user lacks ${what}` }));
}

/** Those of our tables that are there. */
async function existing(session: SqlSession, place: Place): Promise<readonly TableName[]> {
  const rows = await ask(
    session,
    `SELECT c.relname AS "name" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${folded(place.settings.schema)} AND c.relkind = 'r'`,
  );
  const names = new Set(rows.map((row) => String(row["name"])));
  return tableNames.filter((table) => names.has(bareName(place.prefix, table).toLowerCase()));
}

/** All tables are there; where none is, they are made if the user may. */
export async function checkTables(session: SqlSession, place: Place): Promise<string> {
  const { dialect, prefix, settings } = place;
  const names = new Set((await existing(session, place)).map((table) => bareName(prefix, table)));
  if (!needsTables(dialect, prefix, names)) return "all tables are there";
  const [schema] = await ask(
    session,
    `SELECT has_schema_privilege(current_user, ${folded(settings.schema)}, 'create') AS "may"`,
  );
  if (!isTrue(schema?.["may"])) {
    throw new CheckFailure(
      setupScript(settings, place.target),
      new SyncError("OBJECT_MISSING", { message: "the tables are not there: run the setup script" }),
    );
  }
  for (const statement of createTables(dialect, prefix)) await ask(session, statement);
  return "the tables were created";
}

/** Columns have our names and types. */
export async function checkTableColumns(session: SqlSession, place: Place): Promise<string> {
  for (const table of tableNames) {
    const rows = await ask(
      session,
      `SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default FROM svv_columns WHERE table_schema = ${folded(place.settings.schema)} AND table_name = ${folded(bareName(place.prefix, table))} ORDER BY ordinal_position`,
    );
    const columns = rows.map((row) => ({
      name: String(row["column_name"]).trim(),
      type: typeName(row),
      required: /^no$/i.test(String(row["is_nullable"])) && (row["column_default"] ?? "") === "",
    }));
    checkColumns(place.dialect, place.prefix, table, columns);
  }
  return "all columns have their types";
}

const ask = (session: SqlSession, sql: string) => session.query({ sql, values: [] });

/** The driver gives booleans, the Data API too; some of Redshift's functions answer with text. */
function isTrue(value: unknown): boolean {
  return value === true || value === "t" || value === "true" || value === 1;
}
