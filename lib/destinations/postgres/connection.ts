import { createReadStream } from "node:fs";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { OpenOptions } from "../destination.ts";
import { logIn as logInByWire, type WireSession } from "../pg-wire/session.ts";
import { postgresError } from "./errors.ts";
import type { PostgresSettings } from "./settings.ts";

/** How long one statement may take on the server. */
export const statementTimeoutMs = 600_000;

const copyChunkBytes = 262_144;

/** One connection to the server. Statements run in the order in which they are given. */
export interface PostgresSession extends WireSession {
  /** Feeds a COPY with a local file or a text; answers how many rows the server took. */
  copy(sql: string, source: { readonly path: string } | { readonly text: Readable }): Promise<number>;
}

/** Logs in over a dialled socket. */
export async function logIn(
  settings: PostgresSettings,
  socket: Socket,
  { signal }: Pick<OpenOptions, "signal">,
): Promise<PostgresSession> {
  const session = await logInByWire(settings, socket, { signal, statementTimeoutMs, errorOf: postgresError });
  const copy: PostgresSession["copy"] = (sql, source) =>
    session.guarded(async (client) => {
      const stream = client.query(copyFrom(sql));
      const input = "path" in source ? createReadStream(source.path, { highWaterMark: copyChunkBytes }) : source.text;
      await pipeline(input, stream);
      return stream.rowCount;
    });
  return Object.assign(session, { copy });
}
