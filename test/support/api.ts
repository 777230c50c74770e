import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authenticate } from "../../lib/flows/accounts/authenticate.ts";
import { ensureOperatorToken, proposeOperatorToken } from "../../lib/flows/accounts/ensure-operator-token.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { SftpUsers } from "../../lib/flows/ports.ts";
import { CallFailed, type Client, openClient } from "../../lib/http/client.ts";
import { type Routes, routes } from "../../lib/http/routes.ts";
import { startHttpServer } from "../../lib/local/server.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { systemClock, systemRandomness } from "../../lib/platform/system-clock.ts";
import { bareDeps, type LoggedEvent } from "./bare-deps.ts";

/** A tenant with a client of its own. */
export interface Tenant {
  readonly accountId: string;
  readonly userId: string;
  readonly api: Client<Routes>;
}

/** The API served on loopback over a table and files of its own. */
export interface TestApi extends AsyncDisposable {
  readonly url: string;
  readonly deps: Deps;
  readonly events: LoggedEvent[];
  readonly operator: Client<Routes>;
  readonly operatorToken: string;
  /** A client with any token, or none. */
  readonly clientWith: (token?: string) => Client<Routes>;
  tenant(name: string): Promise<Tenant>;
}

const sftpUsersNowhere: SftpUsers = {
  createUser: async () => undefined,
  addKey: async () => undefined,
  removeKey: async () => undefined,
  removeUser: async () => undefined,
};

/** Starts the API; `given` adds or replaces deps. */
export async function startTestApi(given: Partial<Deps> = {}): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), "ws-api-"));
  const table = openTable(join(folder, "table.sqlite"), { clock: systemClock, survives: "process" });
  const files = openFiles(join(folder, "files"), { clock: systemClock });
  const events: LoggedEvent[] = [];
  const deps = bareDeps({ events, given: { table, files, sftpUsers: sftpUsersNowhere, ...given } });
  const { signal } = new AbortController();
  const text = proposeOperatorToken(systemRandomness);
  await ensureOperatorToken(deps, { text }, signal);
  const installation = {
    version: "test",
    sftp: { host: "127.0.0.1", port: 2222, hostKeyFingerprint: "SHA256:x" },
    egressAddresses: [],
    isThisMachine: true,
  };
  const context = { deps, installation };
  const server = await startHttpServer({ port: 0, host: "127.0.0.1", routes, authenticate, context });
  const url = `http://127.0.0.1:${server.port}`;
  const clientWith = (token?: string) => openClient<Routes>(token === undefined ? { url } : { url, token });
  const operator = clientWith(text);
  return {
    url,
    deps,
    events,
    operator,
    operatorToken: text,
    clientWith,
    tenant: async (name) => {
      const { id: accountId } = await operator.call("POST /accounts", { body: { name } });
      const params = { accountId };
      const user = await operator.call("POST /accounts/{accountId}/users", {
        params,
        body: { name: `${name} Uploader` },
      });
      const token = await operator.call("POST /accounts/{accountId}/tokens", { params, body: {} });
      return { accountId, userId: user.id, api: clientWith(token.text) };
    },
    [Symbol.asyncDispose]: async () => {
      await server.close(0);
      table[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The code and status of the problem that a call ends in. */
export async function problemOfCall(call: Promise<unknown>): Promise<{ code: string; status: number }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed) return { code: error.problem.code, status: error.problem.status };
    throw error;
  }
  throw new Error("the call went well");
}
