import type { Socket } from "node:net";
import type { OpenOptions } from "../../destination.ts";
import { logIn, type WireSession } from "../../pg-wire/session.ts";
import { inlined } from "../dialect.ts";
import { redshiftError } from "../errors.ts";
import { inUtc } from "../merge-statements.ts";
import type { RedshiftSettings } from "../settings.ts";

/** How long one statement may take on the server. */
const statementTimeoutMs = 720_000;

/** Host, port and secrets of a session by password. */
export function loginOf(settings: RedshiftSettings) {
  const { host = "", username = "", password = "", port, database, sslmode, caCertificate } = settings;
  return { host, username, password, port, database, sslmode, caCertificate };
}

/** Logs in over a dialled socket. Instants are in UTC, whatever zone the user was given. */
export async function openSession(
  settings: RedshiftSettings,
  socket: Socket,
  { signal }: Pick<OpenOptions, "signal">,
): Promise<WireSession> {
  const session = await logIn(loginOf(settings), socket, { signal, statementTimeoutMs, errorOf: redshiftError });
  const own: WireSession = Object.assign(session, {
    query: (statement: Parameters<WireSession["query"]>[0]) => session.run(inlined(statement)),
  });
  await own.run(inUtc);
  await own.run(`SET statement_timeout TO ${statementTimeoutMs}`);
  return own;
}
