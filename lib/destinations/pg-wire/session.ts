import type { Socket } from "node:net";
import ipaddr from "ipaddr.js";
import pg from "pg";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";
import type { OpenOptions } from "../destination.ts";
import type { SqlSession } from "../sql/commit.ts";
import type { SqlRow } from "../sql/receipts.ts";
import { watchSocket } from "./watch-socket.ts";

/** From the dialled socket to a session: TLS, login, first answer. */
const loginTimeoutMs = 15_000;
/** How much longer than the server a statement is waited for. */
const graceMs = 30_000;

/** Settings of a connection that speaks PostgreSQL's protocol. */
export interface WireSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly sslmode: "verify-full" | "disable";
  readonly caCertificate?: string | undefined;
}

/** One connection to the server. Statements run in the order in which they are given. */
export interface WireSession extends SqlSession, AsyncDisposable {
  /** Statements without parameters, several of them with `;` between. */
  run(sql: string): Promise<readonly SqlRow[]>;
  /** Work with the driver itself, under the same watch as every statement. */
  guarded<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** False once the connection broke or was given up. */
  readonly isUsable: boolean;
}

export interface LoginOptions extends Pick<OpenOptions, "signal"> {
  /** How long one statement may take on the server. */
  readonly statementTimeoutMs: number;
  /** What the driver throws as one of our errors, without the secrets. */
  readonly errorOf: (thrown: unknown, secrets: readonly string[]) => SyncError;
}

/** Dials the host. Throws `HOST_BLOCKED`, `HOST_UNREACHABLE`, or `TLS_INVALID` for a public address without TLS. */
export async function dialServer(
  settings: Pick<WireSettings, "host" | "port" | "sslmode">,
  options: Pick<OpenOptions, "dial" | "signal">,
): Promise<Socket> {
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
export async function logIn(settings: WireSettings, socket: Socket, options: LoginOptions): Promise<WireSession> {
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
  const session = openSession(client, socket, options, [password]);
  try {
    await session.guarded(() => client.connect());
    return session;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function tlsOptions({ host, caCertificate }: WireSettings) {
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

function openSession(
  client: pg.Client,
  socket: Socket,
  { signal, statementTimeoutMs, errorOf }: LoginOptions,
  secrets: readonly string[],
): WireSession {
  let isUsable = true;
  // A connection that breaks between statements must not end the process; the next statement says so.
  client.on("error", () => {
    isUsable = false;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isUsable = false;
  });
  const guarded = async <T>(work: (open: pg.Client) => Promise<T>): Promise<T> => {
    if (signal.aborted) throw abortError(signal);
    const watch = watchSocket(socket, { signal, timeoutMs: statementTimeoutMs + graceMs });
    try {
      return await work(client);
    } catch (thrown) {
      const failure = watch.failure() ?? errorOf(thrown, secrets);
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
