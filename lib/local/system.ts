import { authenticate } from "../flows/accounts/authenticate.ts";
import { sftpLogin } from "../flows/accounts/sftp-login.ts";
import type { Deps } from "../flows/deps.ts";
import { dispatch } from "../flows/dispatch/dispatch.ts";
import { measureHealth } from "../flows/dispatch/measure-health.ts";
import { sweep } from "../flows/dispatch/sweep.ts";
import { acceptUpload } from "../flows/import/accept-upload.ts";
import { withdrawUpload } from "../flows/import/withdraw-upload.ts";
import { routes } from "../http/routes.ts";
import { lockFolder } from "../platform/embedded/folder-lock.ts";
import { OpenConnections } from "../platform/embedded/sftp/connections.ts";
import { type SftpServer, startSftpServer } from "../platform/embedded/sftp/sftp-server.ts";
import { dataPaths, type Endpoint, writePrivately } from "./data-folder.ts";
import { openDeps } from "./open-deps.ts";
import { type OperatorToken, operatorTokenIn } from "./operator-token.ts";
import { startRhythm } from "./rhythm.ts";
import { type HttpServer, startHttpServer } from "./server.ts";
import type { LocalSettings } from "./settings.ts";

export interface SystemOptions {
  readonly version: string;
  /** Tests stand between flows and ports here. */
  readonly wrapDeps?: (deps: Deps) => Deps;
}

/** The whole product in this process. */
export interface System {
  readonly endpoint: Endpoint;
  readonly operatorToken: OperatorToken;
  readonly deps: Deps;
  /** Takes no more connections, lets what runs end for at most `graceMs` (8 s), then stops it; the next start takes it up. */
  close(graceMs?: number): Promise<void>;
}

/** Calls of the API are short: they get no more than this of the grace. */
const callsGraceMs = 1_000;

/** Starts everything on one data folder. Throws `FolderInUse` where another process works on it. */
export async function startSystem(settings: LocalSettings, options: SystemOptions): Promise<System> {
  const grace = { ms: 8_000 };
  await using opening = new AsyncDisposableStack();
  opening.use(lockFolder(settings.dataFolder));
  const connections = new OpenConnections();
  const { deps, drain, close } = await openDeps(settings, connections, options.wrapDeps);
  opening.defer(close);
  opening.defer(() => drain(grace.ms));
  const stop = new AbortController();
  const operatorToken = await operatorTokenIn(settings.dataFolder, deps, stop.signal);
  const sftp = await openSftp(settings, deps, connections, stop.signal);
  opening.defer(() => sftp.close());
  const sftpPlace = { host: settings.host, port: sftp.port, hostKeyFingerprint: sftp.fingerprint };
  const installation = { version: options.version, sftp: sftpPlace, egressAddresses: [], isThisMachine: true };
  const http = await openHttp(settings, { deps, installation });
  opening.defer(() => http.close(Math.min(grace.ms, callsGraceMs)));
  const endpoint: Endpoint = { url: urlOf(settings.host, http.port), sftp: sftpPlace };
  writePrivately(dataPaths(settings.dataFolder).endpoint, `${JSON.stringify(endpoint, null, 2)}\n`);
  const rhythm = startRhythm({
    hourly: async (signal) => void (await dispatch(deps, { isNow: false, windowSeconds: 0 }, signal)),
    sweep: async (signal) => {
      await sweep(deps, {}, signal);
      deps.log("health", { ...(await measureHealth(deps, {}, signal)) });
    },
    log: deps.log,
  });
  opening.defer(() => rhythm.stop());
  opening.defer(() => stop.abort());
  const running = opening.move();
  return {
    endpoint,
    operatorToken,
    deps,
    close: async (graceMs = grace.ms) => {
      grace.ms = graceMs;
      await running.disposeAsync();
    },
  };
}

async function openSftp(
  settings: LocalSettings,
  deps: Deps,
  connections: OpenConnections,
  signal: AbortSignal,
): Promise<SftpServer> {
  const paths = dataPaths(settings.dataFolder);
  return startSftpServer({
    host: settings.host,
    port: settings.sftpPort,
    hostKeyPath: paths.hostKey,
    connections,
    scratchFolder: paths.scratch,
    files: deps.files,
    clock: deps.clock,
    log: deps.log,
    find: async (username, keyBase64) => sftpLogin(deps, { username, keyBase64 }, signal),
    onUpload: async (upload) => void (await acceptUpload(deps, upload, signal)),
    withdraw: async (upload) => withdrawUpload(deps, upload, signal),
  });
}

async function openHttp(settings: LocalSettings, context: Parameters<typeof startHttpServer>[0]["context"]) {
  const { host, httpPort: port } = settings;
  return startHttpServer({ host, port, routes, authenticate, context }) satisfies Promise<HttpServer>;
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
