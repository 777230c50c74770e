import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type LocalPostgres, startLocalPostgres } from "./postgres-server.ts";

let shared: Promise<{ server: LocalPostgres; folder: string }> | undefined;
let borrowers = 0;

/** One PostgreSQL for all testbeds of the process that borrow it; each makes a database of its own. */
export async function borrowPostgres(): Promise<LocalPostgres> {
  borrowers += 1;
  shared ??= startShared();
  return (await shared).server;
}

async function startShared(): Promise<{ server: LocalPostgres; folder: string }> {
  const temporaryFolder = (await memoryFolder()) ?? tmpdir();
  const folder = await mkdtemp(join(temporaryFolder, "warehouse-sync-postgres-bed-"));
  const server = await startLocalPostgres({ folder, port: 0, temporaryFolder });
  // Nothing here has to outlive a power cut, and the disk is what such tests wait for most.
  await askPostgres(server, server.database, "ALTER SYSTEM SET fsync = off");
  await askPostgres(server, server.database, "ALTER SYSTEM SET max_wal_size = '128MB'");
  await askPostgres(server, server.database, "SELECT pg_reload_conf()");
  return { server, folder };
}

const memoryBytesMin = 4 * 1024 ** 3;

/** Making a database is making a thousand files, five times as fast in memory. Undefined where the system has no such folder, or a small one as containers do. */
async function memoryFolder(): Promise<string | undefined> {
  const folder = "/dev/shm";
  const found = await statfs(folder).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize >= memoryBytesMin ? folder : undefined;
}

/** Removes a bed's database, whoever is still in it. */
export async function dropDatabase(server: LocalPostgres, name: string): Promise<void> {
  await askPostgres(server, server.database, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** The last one to go stops the server; hold one testbed open to keep it. */
export async function giveBackPostgres(): Promise<void> {
  borrowers -= 1;
  if (borrowers > 0 || shared === undefined) return;
  const { server, folder } = await shared;
  shared = undefined;
  await server[Symbol.asyncDispose]();
  await rm(server.dataFolder, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

/** Answers of a database to its administrator: the rows of the last statement. */
export async function askPostgres(
  { host, port, user, password }: LocalPostgres,
  database: string,
  sql: string,
  values?: readonly unknown[],
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(
      sql,
      values === undefined ? undefined : [...values],
    );
    return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
  } finally {
    await client.end();
  }
}
