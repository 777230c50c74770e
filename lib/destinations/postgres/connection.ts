import { createReadStream } from "node:fs";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import ipaddr from "ipaddr.js";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";
import type { OpenOptions } from "../destination.ts";
import type { SqlSession } from "../sql/commit.ts";
import type { SqlRow } from "../sql/receipts.ts";
import { postgresError } from "./errors.ts";
import type { PostgresSettings } from "./settings.ts";
import { watchSocket } from "./watch-socket.ts";

/** How long one statement may take on the server. */
export const statementTimeoutMs = 600_000;

/** From the dialled socket to a session: TLS, login, first answer. */
const loginTimeoutMs = 15_000;
const copyChunkBytes = 262_144;

/** One connection to the server. Statements run in the order in which they are given. */
export interface PostgresSession extends SqlSession, AsyncDisposable {
  /** Statements without parameters, several of them with `;` between. */
  run(sql: string): Promise<readonly SqlRow[]>;
  /** Feeds a COPY with a local file or a text; answers how many rows the server took. */
  copy(sql: string, source: { readonly path: string } | { readonly text: Readable }): Promise<number>;
  /** False once the connection broke or was given up. */
  readonly isUsable: boolean;
}

/** Dials the host. Throws `HOST_BLOCKED`, `HOST_UNREACHABLE`, or `TLS_INVALID` for a public address without TLS. */
export async function dialServer(settings: PostgresSettings, options: OpenOptions): Promise<Socket> {
  const socket = await options.dial(settings.host, settings.port, options.signal);
  const address = socket.remoteAddress;
  if (settings.sslmode === "disable" && address !== undefined && ipaddr.process(address).range() === "unicast") {
    socket.destroy();
    throw new SyncError("TLS_INVALID", {
      message: `${settings.host} is reached over public networks: set SSL mode to verify-full`,
    });
  }
  return socket;
}

/** Logs in over a dialled socket. The driver itself never resolves a name nor opens a socket. */
export async function logIn(
  settings: PostgresSettings,
  socket: Socket,
  options: Pick<OpenOptions, "signal">,
): Promise<PostgresSession> {
  const { host, port, database, username, password } = settings;
  const client = new pg.Client({
    host,
    port,
    database,
    user: username,
    password,
    stream: () => alreadyConnected(socket),
    ssl: settings.sslmode === "disable" ? false : tlsOptions(settings),
    application_name: "warehouse-sync",
    connectionTimeoutMillis: loginTimeoutMs,
  });
  const session = openSession(client, socket, options.signal, [password]);
  try {
    await session.guarded(() => client.connect());
    return session;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function tlsOptions({ host, caCertificate }: PostgresSettings) {
  return {
    rejectUnauthorized: true,
    host,
    minVersion: "TLSv1.2" as const,
    ...(caCertificate === undefined ? {} : { ca: caCertificate }),
  };
}

/** The driver calls `connect` on whatever stream it is given, and waits for the event. */
function alreadyConnected(socket: Socket): Socket {
  return Object.assign(socket, {
    connect: () => {
      process.nextTick(() => socket.emit("connect"));
      return socket;
    },
  });
}

interface GuardedSession extends PostgresSession {
  guarded<T>(work: () => Promise<T>): Promise<T>;
}

function openSession(
  client: pg.Client,
  socket: Socket,
  signal: AbortSignal,
  secrets: readonly string[],
): GuardedSession {
  let isUsable = true;
  // A connection that breaks between statements must not end the process; the next statement says so.
  client.on("error", () => {
    isUsable = false;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isUsable = false;
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (signal.aborted) throw abortError(signal);
    const watch = watchSocket(socket, { signal, timeoutMs: statementTimeoutMs + 30_000 });
    try {
      return await work();
    } catch (thrown) {
      const failure = watch.failure() ?? postgresError(thrown, secrets);
      if (watch.failure() !== undefined || failure.code === "CONNECTION_LOST") isUsable = false;
      throw failure;
    } finally {
      watch.stop();
    }
  };
  return {
    guarded,
    query: ({ sql, values }) => guarded(async () => (await client.query<SqlRow>(sql, [...values])).rows),
    run: (sql) => guarded(async () => lastRows(await client.query<SqlRow>(sql))),
    copy: (sql, source) =>
      guarded(async () => {
        const stream = client.query(copyFrom(sql));
        const input = "path" in source ? createReadStream(source.path, { highWaterMark: copyChunkBytes }) : source.text;
        await pipeline(input, stream);
        return stream.rowCount;
      }),
    get isUsable() {
      return isUsable;
    },
    [Symbol.asyncDispose]: () => closeClient(client, socket),
  };
}

/** Of several statements the driver answers a list of results, whatever its types say. */
function lastRows(result: pg.QueryResult<SqlRow> | pg.QueryResult<SqlRow>[]): readonly SqlRow[] {
  return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
}

const goodbyeMs = 2_000;

/** Says goodbye, and hangs up where that takes too long. */
async function closeClient(client: pg.Client, socket: Socket): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), goodbyeMs);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
  socket.destroy();
}
