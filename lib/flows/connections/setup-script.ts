import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { connectionIdSchema, settingsSchema } from "./requests.ts";

/** Of a connection there is, or of settings not saved yet. */
export const SetupScriptRequest = z.union([
  z.strictObject({ accountId: accountIdSchema, connectionId: connectionIdSchema }),
  z.strictObject({
    accountId: accountIdSchema,
    kind: z.string(),
    settings: settingsSchema,
    tablePrefix: z.string().optional(),
  }),
]);

/** The statements that the customer's administrator runs once, filled with the user's names. Secrets are never in it. */
export async function setupScript(
  deps: Deps,
  request: z.infer<typeof SetupScriptRequest>,
  _signal: AbortSignal,
): Promise<string> {
  const { kind, settings, tablePrefix, externalId } =
    "kind" in request
      ? { ...request, externalId: undefined }
      : await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  const destination = await deps.destination(kind);
  return destination.setupScript(
    { ...settings },
    {
      tablePrefix: tablePrefix || deps.tablePrefix,
      ...(externalId === undefined ? {} : { externalId }),
    },
  );
}
