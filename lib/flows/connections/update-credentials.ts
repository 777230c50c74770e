import type * as z from "zod";
import type { Connection } from "../../model/connection.ts";
import type { Deps } from "../deps.ts";
import { secretRefOf } from "./create-connection.ts";
import { ConnectionRef, settingsSchema } from "./requests.ts";
import { requireSameTarget, splitSettings } from "./split-settings.ts";
import { startCheck } from "./start-check.ts";

/** Fields that are left out stay as they are. */
export const UpdateCredentialsRequest = ConnectionRef.extend({ settings: settingsSchema });

/** Tries changed settings, and puts them in use only once their check has passed. What names the target is frozen after the first Enabled. */
export async function updateCredentials(
  deps: Deps,
  request: z.infer<typeof UpdateCredentialsRequest>,
  _signal: AbortSignal,
): Promise<Connection> {
  const { accountId, connectionId } = request;
  return startCheck(deps, { accountId, connectionId }, async (connection, number) => {
    const destination = await deps.destination(connection.kind);
    const before = { ...connection.settings, ...JSON.parse(await deps.secrets.get(connection.secretRef)) };
    const settings = splitSettings(destination, { ...before, ...request.settings });
    if (connection.everEnabled) requireSameTarget(destination, connection.settings, settings.open);
    const secretRef = secretRefOf(accountId, connectionId, number);
    await deps.secrets.put(secretRef, JSON.stringify(settings.secret));
    const enables = connection.state !== "disabled";
    return { candidate: { settings: settings.open, secretRef }, enables };
  });
}
