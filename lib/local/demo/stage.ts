import { join } from "node:path";
import ssh2 from "ssh2";
import type { Client } from "../../http/client.ts";
import { openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import type { AccountId } from "../../model/ids.ts";
import { type LocalPostgres, startLocalPostgres } from "../postgres-server.ts";
import { ownNetworks } from "../settings.ts";
import { type System, startSystem } from "../system.ts";
import { packageVersion } from "../version.ts";
import { openSftp, type SftpSession } from "./sftp-upload.ts";
import { startStandIn } from "./stand-in.ts";
import { factsOfDuckdb, factsOfPostgres, type WarehouseFacts } from "./warehouse-facts.ts";

/** What the demo plays on: a running system, an account with an uploader, and a warehouse to connect. */
export interface Stage extends AsyncDisposable {
  readonly system: System;
  readonly api: Client<Routes>;
  readonly operator: Client<Routes>;
  readonly sftp: SftpSession;
  /** Body of the call that connects the warehouse. */
  readonly connection: { readonly kind: string; readonly settings: Record<string, unknown> };
  /** Where a person finds the warehouse. */
  readonly place: string;
  facts(): Promise<WarehouseFacts>;
}

/** Sets the stage through the same doors as any client: HTTP and SFTP. */
export async function setStage(folder: string, kind: string, signal: AbortSignal): Promise<Stage> {
  await using building = new AsyncDisposableStack();
  const postgres = kind === "postgres" ? await startLocalPostgres({ folder, port: 0 }) : undefined;
  if (postgres !== undefined) building.use(postgres);
  const standIn = kind === "duckdb" || kind === "postgres" ? undefined : building.use(await startStandIn(kind));
  const system = await startSystem(settingsIn(folder), {
    version: packageVersion(),
    ...(standIn === undefined ? {} : { wrapDeps: (deps) => standIn.onto(deps) }),
  });
  building.defer(() => system.close());
  const { url } = system.endpoint;
  const operator = openClient<Routes>({ url, token: system.operatorToken.text, signal });
  const { id: accountId } = await operator.call("POST /accounts", { body: { name: "Demo" } });
  const params = { accountId };
  const user = await operator.call("POST /accounts/{accountId}/users", { params, body: { name: "Ada Uploader" } });
  const token = await operator.call("POST /accounts/{accountId}/tokens", { params, body: {} });
  const api = openClient<Routes>({ url, token: token.text, signal });
  const sftp = building.use(await loggedIn(api, user));
  const done = building.move();
  return {
    system,
    api,
    operator,
    sftp,
    ...(standIn ?? (postgres === undefined ? duckdbPlace(system, accountId, signal) : postgresPlace(postgres))),
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

function settingsIn(dataFolder: string) {
  return {
    dataFolder,
    host: "127.0.0.1",
    httpPort: 0,
    sftpPort: 0,
    allowedRanges: ownNetworks,
    threads: 2,
    memoryMb: 640,
    isVerbose: false,
  };
}

/** A key as `ssh-keygen` makes it, added over HTTP, and a session opened with it. */
async function loggedIn(api: Client<Routes>, user: { id: string; sftpUsername: string }): Promise<SftpSession> {
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment: "demo" });
  const body = { title: "demo", publicKey: pair.public };
  await api.call("POST /users/{userId}/keys", { params: { userId: user.id }, body });
  const { host, port, hostKeyFingerprint } = await api.call("GET /sftp");
  return openSftp({ host, port, hostKeyFingerprint, username: user.sftpUsername, privateKey: pair.private });
}

function duckdbPlace(system: System, accountId: AccountId, signal: AbortSignal) {
  const file = "warehouse.duckdb";
  const place = join(system.deps.accountFolder(accountId), file);
  return {
    connection: { kind: "duckdb", settings: { file } },
    place,
    facts: async () => factsOfDuckdb(system.deps.engine, place, signal),
  };
}

function postgresPlace(server: LocalPostgres) {
  const { host, port, user: username, password, database } = server;
  return {
    connection: { kind: "postgres", settings: { host, port, username, password, database, sslmode: "disable" } },
    place: `PostgreSQL, ${host}:${port}/${database}`,
    facts: async () => factsOfPostgres(server),
  };
}
