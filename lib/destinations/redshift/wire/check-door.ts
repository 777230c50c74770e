import type { Socket } from "node:net";
import { asSyncError, hasCode, SyncError } from "../../../model/errors.ts";
import { dialServer, type WireSession } from "../../pg-wire/session.ts";
import { rehearseBatch } from "../../sql/commit.ts";
import type { CheckDoor } from "../check.ts";
import { lockReceipts } from "../merge-statements.ts";
import type { Place } from "../place.ts";
import { portRanges } from "../settings.ts";
import { loadBatch, mergeLoaded, tryCopy } from "./load.ts";
import { loginOf, openSession } from "./session.ts";

/** Checks a session by password, on a connection of its own. */
export function wireDoor(place: Place): CheckDoor {
  const { settings, options, dialect, target } = place;
  let socket: Socket | undefined;
  let open: WireSession | undefined;
  let loginFailure = new SyncError("CONNECTION_LOST");
  const session = (): WireSession => {
    if (open === undefined) throw loginFailure;
    return open;
  };
  return {
    reach: async () => {
      socket = await dialServer(loginOf(settings), options).catch((error: unknown) => {
        throw hasCode(error, "HOST_UNREACHABLE") ? new SyncError("HOST_UNREACHABLE", unreachable(place, error)) : error;
      });
      return `${settings.host}:${settings.port} answers`;
    },
    tls: async () => {
      if (socket === undefined) throw new SyncError("CONNECTION_LOST");
      open = await openSession(settings, socket, options).catch((error: unknown) => {
        // The driver does both at once; what is not about TLS is for the next step to tell.
        if (hasCode(error, "TLS_INVALID")) throw error;
        loginFailure = asSyncError(error);
        return undefined;
      });
      return settings.sslmode === "disable" ? "not encrypted: a private network" : "encrypted, certificate verified";
    },
    logIn: async () => void session(),
    session: { query: (statement) => session().query(statement) },
    tryCopy: (batch) => tryCopy(session(), place, batch),
    rehearse: async (batch) => {
      await loadBatch(session(), place, batch);
      const parts = {
        ...{ dialect, target, session: session() },
        begin: () => session().run("BEGIN"),
        lock: () => session().run(lockReceipts(place)),
        rollback: () => session().run("ROLLBACK"),
        merge: () => mergeLoaded(session(), place, batch),
      };
      await rehearseBatch(parts, batch);
    },
    [Symbol.asyncDispose]: async () => {
      await open?.[Symbol.asyncDispose]();
      socket?.destroy();
    },
  };
}

/** The usual reasons, where a port answers nothing at all. */
function unreachable({ settings }: Place, cause: unknown) {
  const ports = portRanges.map(([first, last]) => `${first}–${last}`).join(" or ");
  return {
    message: `${settings.host}:${settings.port} cannot be reached: is the cluster running and publicly accessible, its security group open to our egress addresses, and the port one of ${ports}?`,
    cause,
  };
}
