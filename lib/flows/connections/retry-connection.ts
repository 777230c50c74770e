import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import type { ConnectionRef } from "./requests.ts";
import { startCheck } from "./start-check.ts";

/** Checks a connection again with the credentials it has. Passing it also wakes what had failed. */
export async function retryConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<Connection> {
  return startCheck(deps, request, async (connection) => {
    if (connection.state === "disabled")
      throw new SyncError("STATE_CONFLICT", { message: "the connection is disabled; enable it instead" });
    return { candidate: null, enables: true };
  });
}
