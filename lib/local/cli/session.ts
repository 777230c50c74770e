import { type Client, type ClientOptions, openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { dataPaths, type Endpoint, readIfThere, writePrivately } from "../data-folder.ts";

/** What stands before or behind every command. */
export interface GlobalOptions {
  readonly data: string;
  readonly url?: string;
  readonly token?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** A wrong or missing argument: the message says what to give. */
export class UsageFault extends Error {
  override readonly name = "UsageFault";
}

interface KnownAccount {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

interface KnownAccounts {
  /** Id of the one that commands speak of when none is named. */
  readonly current: string | null;
  readonly accounts: readonly KnownAccount[];
}

/** The system, as a command speaks to it: address and tokens come from flags, else from the data folder. */
export interface CliSession {
  readonly options: GlobalOptions;
  /** Throws `UsageFault` where there is neither a flag nor a data folder that names a token. */
  operator(): Client<Routes>;
  /** A client of the account that `--account` names, or of the current one. Makes a token for it the first time. */
  account(): Promise<Client<Routes>>;
  endpoint(): Endpoint | undefined;
  /** Makes an account the one that commands speak of. */
  use(nameOrId: string): Promise<KnownAccount>;
  /** An account by name or id, as the operator's list has it. Throws `UsageFault` where there is none. */
  listed(nameOrId: string): Promise<{ readonly id: string; readonly name: string }>;
  /** Drops what is known of an account. */
  forget(accountId: string): void;
}

/** Opens a session; nothing is sent before a client's first call. */
export function openSession(options: GlobalOptions, signal: AbortSignal): CliSession {
  const paths = dataPaths(options.data);
  const endpoint = () => {
    const text = readIfThere(paths.endpoint);
    return text === undefined ? undefined : (JSON.parse(text) as Endpoint);
  };
  const clientWith = (token: string) => {
    const url = options.url ?? endpoint()?.url ?? notStarted(options);
    return openClient<Routes>({ url, token, signal } satisfies ClientOptions);
  };
  const operator = () => clientWith(options.token ?? readIfThere(paths.operatorToken)?.trim() ?? noToken(options));
  const known = (): KnownAccounts =>
    JSON.parse(readIfThere(paths.accountTokens) ?? '{"current":null,"accounts":[]}') as KnownAccounts;
  const keep = (accounts: KnownAccounts) =>
    writePrivately(paths.accountTokens, `${JSON.stringify(accounts, null, 2)}\n`);
  const remember = (account: KnownAccount) => {
    const accounts = [...known().accounts.filter((other) => other.id !== account.id), account];
    keep({ current: account.id, accounts });
    return account;
  };
  const find = async (nameOrId: string): Promise<KnownAccount> =>
    known().accounts.find((account) => isNamed(account, nameOrId)) ?? withToken(operator(), nameOrId);
  return {
    options,
    operator,
    endpoint,
    use: async (nameOrId) => remember(await find(nameOrId)),
    listed: (nameOrId) => accountNamed(operator(), nameOrId),
    forget: (accountId) => {
      const { current, accounts } = known();
      keep({
        current: current === accountId ? null : current,
        accounts: accounts.filter(({ id }) => id !== accountId),
      });
    },
    account: async () => {
      if (options.token !== undefined) return clientWith(options.token);
      const name = options.account ?? known().current;
      if (name === null || name === undefined) {
        throw new UsageFault("there is no account yet; make one: npm run ws -- account create <name>");
      }
      const account = await find(name);
      if (!known().accounts.some((other) => other.id === account.id)) remember(account);
      return clientWith(account.token);
    },
  };
}

function isNamed(account: { readonly id: string; readonly name: string }, nameOrId: string): boolean {
  return account.id === nameOrId || account.name === nameOrId;
}

async function withToken(operator: Client<Routes>, nameOrId: string): Promise<KnownAccount> {
  const { id, name } = await accountNamed(operator, nameOrId);
  const token = await operator.call("POST /accounts/{accountId}/tokens", { params: { accountId: id }, body: {} });
  return { id, name, token: token.text };
}

async function accountNamed(operator: Client<Routes>, nameOrId: string): Promise<{ id: string; name: string }> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = cursor === undefined ? { limit: 100 } : { limit: 100, cursor };
    const page = await operator.call("GET /accounts", { query });
    const account = page.items.find((item) => isNamed(item, nameOrId));
    if (account !== undefined) return account;
    cursor = page.nextCursor;
  }
  throw new UsageFault(`there is no account ${nameOrId}; see: npm run ws -- account list`);
}

function notStarted(options: GlobalOptions): never {
  throw new UsageFault(
    `nothing has been started in ${options.data} yet; run npm start, or give --data <folder> or --url <address>`,
  );
}

function noToken(options: GlobalOptions): never {
  throw new UsageFault(`there is no operator token in ${options.data}; give --token, or --data <folder>`);
}
