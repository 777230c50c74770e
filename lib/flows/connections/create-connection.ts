import * as z from "zod";
import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { ConnectionId } from "../../model/ids.ts";
import { dataObjects } from "../../model/log.ts";
import { accountIdSchema, nameSchema, newId, requestIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { ConditionFailed } from "../ports.ts";
import { requireAccount } from "../store/accounts.ts";
import { connectionsOf, getConnectionRecord, newConnection } from "../store/connections.ts";
import { selectionFields, settingsSchema } from "./requests.ts";
import { splitSettings } from "./split-settings.ts";
import { startCheckExecution } from "./start-check.ts";

export const CreateConnectionRequest = z.strictObject({
  accountId: accountIdSchema,
  name: nameSchema.optional(),
  kind: z.string(),
  settings: settingsSchema,
  tablePrefix: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,30}$/, "use at most 31 small letters, digits and underscores, no digit first")
    .optional(),
  selection: z.strictObject(selectionFields).default({}),
  requestId: requestIdSchema,
});
type CreateConnectionRequest = z.infer<typeof CreateConnectionRequest>;

/** Links an account to a warehouse: stores the secret, then the record that names it, and starts the check that enables it. One connection of an account is active. */
export async function createConnection(
  deps: Deps,
  request: CreateConnectionRequest,
  _signal: AbortSignal,
): Promise<Connection> {
  await requireAccount(deps.table, request.accountId);
  const destination = await deps.destination(request.kind);
  const settings = splitSettings(destination, request.settings);
  await requireNoneActive(deps, request);
  const id = newId<ConnectionId>(deps.randomness, "connection", request.requestId, request.accountId);
  const connection = connectionOf(deps, request, id, { title: destination.title, open: settings.open });
  await deps.secrets.put(connection.secretRef, JSON.stringify(settings.secret));
  try {
    await deps.table.transact(newConnection(connection));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Our own earlier success, where the request names itself; else somebody else's connection.
    const repeated = (await connectionsOf(deps.table, request.accountId)).find((each) => each.id === id);
    if (repeated === undefined) throw conflict();
    return repeated;
  }
  const stored = await getConnectionRecord(deps.table, request.accountId, id);
  await startCheckExecution(deps, stored);
  return stored;
}

async function requireNoneActive(deps: Deps, request: CreateConnectionRequest): Promise<void> {
  const id = newId<ConnectionId>(deps.randomness, "connection", request.requestId, request.accountId);
  const active = (await connectionsOf(deps.table, request.accountId)).find((each) => each.state !== "removed");
  if (active !== undefined && active.id !== id) throw conflict();
}

function conflict(): SyncError {
  return new SyncError("STATE_CONFLICT", { message: "the account has a connection already; remove it first" });
}

/** Nobody guesses it, and no other connection has it. */
const externalIdBytes = 16;

function connectionOf(
  deps: Deps,
  request: CreateConnectionRequest,
  id: ConnectionId,
  kind: { title: string; open: Connection["settings"] },
): Connection {
  const now = deps.clock.now();
  const { objects, excludedIntegrations, metrics, history } = request.selection;
  return {
    id,
    accountId: request.accountId,
    name: request.name ?? kind.title,
    kind: request.kind,
    state: "checking",
    settings: kind.open,
    secretRef: secretRefOf(request.accountId, id, 1),
    tablePrefix: request.tablePrefix ?? deps.tablePrefix,
    selection: {
      version: 1,
      objects: objects ?? dataObjects,
      excludedIntegrations: excludedIntegrations ?? [],
      metrics: metrics ?? null,
      history: history ?? "all",
    },
    checkSteps: [],
    check: { number: 1, startedAt: now, candidate: null, enables: true },
    checks: 1,
    retiredSecretRefs: [],
    fenceBase: now,
    everEnabled: false,
    externalId: Buffer.from(deps.randomness.bytes(externalIdBytes)).toString("hex"),
    createdAt: now,
    enabledAt: null,
    version: 1,
  };
}

/** Where the secrets of a connection's n-th credentials lie. */
export function secretRefOf(accountId: string, connectionId: string, number: number): string {
  return `connection/${accountId}/${connectionId}/${number}`;
}
