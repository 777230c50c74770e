import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import type { LocalPostgres } from "../../local/postgres-server.ts";
import { askPostgres, borrowPostgres, dropDatabase, giveBackPostgres } from "../../local/shared-postgres.ts";
import { type TableName, warehouseTables } from "../../model/tables.ts";
import { tableKeys, tableRef } from "../sql/dialect.ts";
import { loopbackDial, plainValue, type Testbed } from "../testbed.ts";
import { postgresDialect, quote } from "./dialect.ts";
import { setupScript } from "./setup-script.ts";

const schema = "analytics";

export interface PostgresTestbed extends Testbed {
  readonly server: LocalPostgres;
  /** Answers of the database to its administrator. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** A database and a user of its own on one server that all testbeds of the process share; set up by the script that customers run. */
export async function startTestbed(): Promise<PostgresTestbed> {
  const server = await borrowPostgres();
  try {
    return await setUp(server);
  } catch (error) {
    await giveBackPostgres();
    throw error;
  }
}

async function setUp(server: LocalPostgres): Promise<PostgresTestbed> {
  const name = `t_${randomBytes(6).toString("hex")}`;
  await server.createDatabase(name);
  const settings = {
    host: "warehouse.test",
    port: server.port,
    database: name,
    schema,
    username: `writer_${name}`,
    password: `canary-${randomBytes(9).toString("base64url")}`,
    sslmode: "disable",
  };
  const ask = (sql: string) => askPostgres(server, name, sql);
  await ask(setupScript({ database: name, schema, username: settings.username }, "klaviyo_"));
  await ask(`ALTER ROLE ${quote(settings.username)} PASSWORD '${settings.password}'`);
  return {
    settings,
    server,
    ask,
    dial: loopbackDial,
    folder: tmpdir(),
    rows: async (table, prefix = "klaviyo_") => {
      const found = await ask(selectTexts(table, prefix));
      return found.map((row) =>
        Object.fromEntries(
          warehouseTables[table].map(({ name: column, type }) => [column, plainValue(type, row[column])]),
        ),
      );
    },
    columns: async (table) => {
      const catalogue = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name =";
      const found = await ask(`${catalogue} 'klaviyo_${table}' ORDER BY ordinal_position`);
      return found.map((row) => ({ name: String(row["column_name"]), required: row["is_nullable"] === "NO" }));
    },
    administer: async (sql) => {
      await ask(sql);
    },
    [Symbol.asyncDispose]: async () => {
      await dropDatabase(server, name);
      await giveBackPostgres();
    },
  };
}

function selectTexts(table: TableName, prefix: string): string {
  const columns = warehouseTables[table].map(({ name, type }) => {
    const text =
      type === "instant" ? `to_char("${name}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : `"${name}"::text`;
    return `${text} AS "${name}"`;
  });
  return `SELECT ${columns.join(", ")} FROM ${tableRef(postgresDialect(schema), prefix, table)} ORDER BY ${tableKeys[table].join(", ")}`;
}
