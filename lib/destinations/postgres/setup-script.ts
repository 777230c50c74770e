import { createTables, type SqlDialect, tableNames, tableRef } from "../sql/dialect.ts";
import { quoteText } from "../sql/identifiers.ts";
import { postgresDialect, quote } from "./dialect.ts";
import type { PostgresSettings } from "./settings.ts";

/** The grants that our user needs on the tables: rows are read, inserted and updated, never deleted. */
function tableGrant(dialect: SqlDialect, prefix: string, username: string): string {
  const tables = tableNames.map((table) => tableRef(dialect, prefix, table)).join(", ");
  return `GRANT SELECT, INSERT, UPDATE ON ${tables} TO ${quote(username)};`;
}

/** What an administrator runs once, connected to the database; running it again changes nothing. Holds no password. */
export function setupScript(given: Partial<PostgresSettings>, tablePrefix: string): string {
  const { schema = "public", stagingSchema = "klaviyo_staging", username = "warehouse_sync", database } = given;
  const dialect = postgresDialect(schema);
  const user = quote(username);
  return [
    "-- Run once as an administrator, connected to the database. Running it again changes nothing.",
    "-- 1. The user. Give it a password of its own afterwards:  \\password <user>",
    createUser(username),
    ...(database === undefined ? [] : [`GRANT CONNECT ON DATABASE ${quote(database)} TO ${user};`]),
    "-- 2. The tables. Instants are kept in UTC.",
    `CREATE SCHEMA IF NOT EXISTS ${quote(schema)};`,
    `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${user};`,
    ...createTables(dialect, tablePrefix).map((statement) => `${statement};`),
    tableGrant(dialect, tablePrefix, username),
    "-- 3. A schema where the user may create tables: each batch lies there until it is merged.",
    `CREATE SCHEMA IF NOT EXISTS ${quote(stagingSchema)};`,
    `GRANT USAGE, CREATE ON SCHEMA ${quote(stagingSchema)} TO ${user};`,
    "",
  ].join("\n\n");
}

function createUser(username: string): string {
  const tag = dollarTag(username);
  return [
    `DO ${tag} BEGIN`,
    `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteText(username)}) THEN`,
    `    CREATE ROLE ${quote(username)} LOGIN;`,
    "  END IF;",
    `END ${tag};`,
  ].join("\n");
}

/** A dollar quote that the name cannot end. */
function dollarTag(name: string): string {
  let tag = "$setup$";
  while (name.includes(tag)) tag = `$_${tag.slice(1)}`;
  return tag;
}
