import { join } from "node:path";
import { addKey } from "../../lib/flows/accounts/add-key.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { SftpUsers } from "../../lib/flows/ports.ts";
import type { SshKey, User } from "../../lib/model/account.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { bareDeps, type LoggedEvent } from "./bare-deps.ts";
import { seededRandomness, type WindableClock, windableClock } from "./clock.ts";
import { tempFolder } from "./temp-folder.ts";

/** Deps enough for the flows of accounts, on a table of their own. */
export interface AccountRig extends Disposable {
  readonly deps: Deps;
  readonly clock: WindableClock;
  readonly folder: string;
  readonly events: LoggedEvent[];
  /** What the endpoint was told, in order: `addKey ke…`. */
  readonly told: string[];
}

export const anySignal = new AbortController().signal;

export function accountRig(given: Partial<Deps> = {}): AccountRig {
  const folder = tempFolder();
  const clock = windableClock();
  const table = openTable(join(folder.path, "table.sqlite"), { clock, survives: "process" });
  const events: LoggedEvent[] = [];
  const told: string[] = [];
  const sftpUsers: SftpUsers = {
    createUser: async (user) => void told.push(`createUser ${user.id}`),
    addKey: async (_user, key) => void told.push(`addKey ${key.id}`),
    removeKey: async (_user, key) => void told.push(`removeKey ${key.id}`),
    removeUser: async (user) => void told.push(`removeUser ${user.id}`),
  };
  return {
    deps: bareDeps({ events, given: { table, clock, randomness: seededRandomness(), sftpUsers, ...given } }),
    clock,
    folder: folder.path,
    events,
    told,
    [Symbol.dispose]: () => {
      table[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** A user in an account of their own. */
export async function someUser(deps: Deps, name = "Ada"): Promise<User> {
  const account = await createAccount(deps, { name: `${name} Ltd` }, anySignal);
  return createUser(deps, { accountId: account.id, name }, anySignal);
}

export async function letIn(deps: Deps, user: User, publicKey: string): Promise<SshKey> {
  return addKey(deps, { accountId: user.accountId, userId: user.id, title: "laptop", publicKey }, anySignal);
}
