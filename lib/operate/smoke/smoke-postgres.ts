import pg from "pg";

/** A PostgreSQL to try with: tables of its own, which go at the end. */
export interface SmokePostgres {
  /** Body of `POST /connections`. */
  readonly connection: { kind: "postgres"; settings: Record<string, unknown>; tablePrefix: string };
  /** Rows as plain SQL finds them. */
  count(): Promise<{ readonly profiles: number; readonly events: number }>;
  dropTables(): Promise<void>;
}

/** Reads `postgres://user:password@host:port/database?sslmode=disable`. `tablePrefix` keeps apart what this test makes. */
export function smokePostgres(url: string, tablePrefix: string): SmokePostgres {
  const { hostname: host, port, username, password, pathname, searchParams } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1)) || "postgres";
  const sslmode = searchParams.get("sslmode") ?? "verify-full";
  const schema = searchParams.get("schema") ?? "public";
  const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  const stagingSchema = `${tablePrefix}staging`;
  const place = { host: host.replace(/^\[|\]$/g, ""), port: Number(port || 5432), database };
  const asked = async <T>(ask: (client: pg.Client) => Promise<T>): Promise<T> => {
    const ssl = sslmode === "disable" ? false : { servername: place.host };
    const client = new pg.Client({ ...place, user: login.username, password: login.password, ssl });
    await client.connect();
    try {
      return await ask(client);
    } finally {
      await client.end();
    }
  };
  const table = (name: string) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(tablePrefix + name)}`;
  return {
    connection: {
      kind: "postgres",
      settings: { ...place, ...login, schema, sslmode, stagingSchema },
      tablePrefix,
    },
    count: () =>
      asked(async (client) => {
        const { rows } = await client.query<{ profiles: string; events: string }>(
          `SELECT (SELECT count(*) FROM ${table("profile")}) AS profiles, (SELECT count(*) FROM ${table("event")}) AS events`,
        );
        return { profiles: Number(rows[0]?.profiles), events: Number(rows[0]?.events) };
      }),
    dropTables: () =>
      asked(async (client) => {
        for (const name of ["profile", "event", "metric", "sync_receipt"]) {
          await client.query(`DROP TABLE IF EXISTS ${table(name)}`);
        }
        await client.query(`DROP SCHEMA IF EXISTS ${pg.escapeIdentifier(stagingSchema)} CASCADE`);
      }),
  };
}
