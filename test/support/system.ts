import type { Deps } from "../../lib/flows/deps.ts";
import { type Client, openClient } from "../../lib/http/client.ts";
import type { Routes } from "../../lib/http/routes.ts";
import { runHourAndWait, waitUntilIdle } from "../../lib/local/idle.ts";
import { type LocalSettings, ownNetworks } from "../../lib/local/settings.ts";
import { type System, startSystem } from "../../lib/local/system.ts";

/** Settings of a system on free ports. */
function testSettings(dataFolder: string, given: Partial<LocalSettings> = {}): LocalSettings {
  return {
    dataFolder,
    host: "127.0.0.1",
    httpPort: 0,
    sftpPort: 0,
    allowedRanges: ownNetworks,
    threads: 2,
    memoryMb: 512,
    isVerbose: false,
    ...given,
  };
}

/** The whole product in this process, to be closed by `await using`. */
export interface TestSystem extends AsyncDisposable {
  readonly system: System;
  readonly operator: Client<Routes>;
  /** Runs the hour and waits until all of it is done for an account. */
  hour(api: Client<Routes>): Promise<void>;
  /** Opens an account with a client of its own. */
  tenant(name: string): Promise<{ accountId: string; api: Client<Routes> }>;
}

export async function startTestSystem(
  dataFolder: string,
  options: { settings?: Partial<LocalSettings>; wrapDeps?: (deps: Deps) => Deps } = {},
): Promise<TestSystem> {
  const { wrapDeps } = options;
  const settings = testSettings(dataFolder, options.settings);
  const system = await startSystem(
    settings,
    wrapDeps === undefined ? { version: "test" } : { version: "test", wrapDeps },
  );
  const { url } = system.endpoint;
  const operator = openClient<Routes>({ url, token: system.operatorToken.text });
  return {
    system,
    operator,
    tenant: async (name) => {
      const { id: accountId } = await operator.call("POST /accounts", { body: { name } });
      const token = await operator.call("POST /accounts/{accountId}/tokens", { params: { accountId }, body: {} });
      return { accountId, api: openClient<Routes>({ url, token: token.text }) };
    },
    hour: async (api) => {
      const options = { signal: AbortSignal.timeout(60_000), pollMs: 50 };
      await runHourAndWait(api, () => operator.call("POST /tick"), options);
    },
    [Symbol.asyncDispose]: () => system.close(0),
  };
}

/** Waits until nothing of the account is at work. */
export async function idle(api: Client<Routes>): Promise<void> {
  await waitUntilIdle(api, { signal: AbortSignal.timeout(60_000), pollMs: 50 });
}
