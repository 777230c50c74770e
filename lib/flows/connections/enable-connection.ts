import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import type { ConnectionRef } from "./requests.ts";
import { startCheck } from "./start-check.ts";

/** Enables a disabled connection once its check has passed: its syncs go on from their watermarks. */
export async function enableConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<Connection> {
  return startCheck(deps, request, async (connection) => {
    if (connection.state !== "disabled")
      throw new SyncError("STATE_CONFLICT", { message: `the connection is ${connection.state}, not disabled` });
    return { candidate: null, enables: true };
  });
}
