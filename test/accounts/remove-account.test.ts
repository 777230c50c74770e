import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { authenticate } from "../../lib/flows/accounts/authenticate.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createToken } from "../../lib/flows/accounts/create-token.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import { listAccounts } from "../../lib/flows/accounts/list-accounts.ts";
import { removeAccount } from "../../lib/flows/accounts/remove-account.ts";
import { sftpLogin } from "../../lib/flows/accounts/sftp-login.ts";
import { sweepRemovedAccounts } from "../../lib/flows/accounts/sweep-removed-accounts.ts";
import { removeConnection } from "../../lib/flows/connections/remove-connection.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { accountAreas, accountItem, fileKeys, globalItem } from "../../lib/flows/store/keys.ts";
import { itemOf } from "../../lib/flows/store/records.ts";
import { accountLists } from "../../lib/flows/store/shards.ts";
import type { User } from "../../lib/model/account.ts";
import type { AccountId } from "../../lib/model/ids.ts";
import { dayMs } from "../../lib/model/time.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { type AccountRig, accountRig, anySignal, letIn } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { withKillPoints } from "../support/kill-points.ts";
import { makeKey } from "../support/ssh-keys.ts";
import { syncRig } from "../support/sync-rig.ts";

describe("removing an account", () => {
  test("voids its tokens and locks its users out at once; again changes nothing", async () => {
    using rig = await removalRig();
    const { doomed, neighbour } = rig;

    await removeAccount(rig.deps, { accountId: doomed.accountId }, anySignal);
    await removeAccount(rig.deps, { accountId: doomed.accountId }, anySignal);

    await expect(authenticate(rig.deps, { text: doomed.token }, anySignal)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
    expect(await login(rig, doomed)).toBeUndefined();
    expect(rig.told.filter((told) => told.startsWith("removeUser"))).toContain(`removeUser ${doomed.user.id}`);
    expect((await listAccounts(rig.deps, {}, anySignal)).items.map(({ id }) => id)).toEqual([neighbour.accountId]);
    expect(await authenticate(rig.deps, { text: neighbour.token }, anySignal)).toMatchObject({ scope: "account" });
    expect(await login(rig, neighbour)).toMatchObject({ user: neighbour.user });
    expect(rig.told).not.toContain(`removeUser ${neighbour.user.id}`);
  });

  test("lets the sweep delete all of it, and nothing of the account whose id comes next", async () => {
    using rig = await removalRig();
    const { doomed, neighbour } = rig;
    for (const each of [doomed, neighbour]) await fill(rig, each);
    await removeAccount(rig.deps, { accountId: doomed.accountId }, anySignal);
    const before = await everythingOf(rig, neighbour.accountId);

    await sweepRemovedAccounts(rig.deps, anySignal);
    await sweepRemovedAccounts(rig.deps, anySignal);
    const late = fileKeys.work(doomed.accountId, "im-1", "late.json");
    await rig.deps.files.put(late, Buffer.from("written by a step that was still at work"));
    rig.clock.wind(dayMs);
    await sweepRemovedAccounts(rig.deps, anySignal);
    await sweepRemovedAccounts(rig.deps, anySignal);

    expect(rig.events.filter(({ event }) => event === "sweep-failed-in-part")).toEqual([]);
    expect(await rig.deps.files.list(`${fileKeys.moves}${doomed.user.id}`)).toEqual([]);
    expect(await everythingOf(rig, doomed.accountId)).toEqual([`removed-accounts/${doomed.accountId} account`]);
    expect(before.length).toBeGreaterThan(30);
    expect(await everythingOf(rig, neighbour.accountId)).toEqual(before);
  });

  test("killed at any point and begun again locks everybody out all the same", async () => {
    for (let killAt = 0; ; killAt += 1) {
      using rig = await removalRig();
      const { doomed, neighbour } = rig;
      const killed = withKillPoints(given(rig), { killAt });

      await removeAccount(killed.deps, { accountId: doomed.accountId }, anySignal).catch(() => undefined);
      await removeAccount(rig.deps, { accountId: doomed.accountId }, anySignal);

      await expect(authenticate(rig.deps, { text: doomed.token }, anySignal)).rejects.toThrow();
      expect(await login(rig, doomed)).toBeUndefined();
      expect(rig.told).toContain(`removeUser ${doomed.user.id}`);
      expect(await login(rig, neighbour)).toMatchObject({ user: neighbour.user });
      if (!killed.isDead) {
        expect(killAt).toBeGreaterThan(8);
        return;
      }
    }
  });

  test("gives its users' SFTP names free, but never its id", async () => {
    using rig = await removalRig();
    const { doomed, neighbour } = rig;
    const request = { name: "Again", requestId: "again" };
    const { id: accountId } = await createAccount(rig.deps, request, anySignal);

    await removeAccount(rig.deps, { accountId: doomed.accountId }, anySignal);
    await removeAccount(rig.deps, { accountId }, anySignal);
    const { sftpUsername } = doomed.user;
    const heir = await createUser(rig.deps, { accountId: neighbour.accountId, name: "Heir", sftpUsername }, anySignal);
    await sweepRemovedAccounts(rig.deps, anySignal);

    expect(heir).toMatchObject({ sftpUsername, accountId: neighbour.accountId });
    await letIn(rig.deps, heir, doomed.publicKey);
    expect(await login(rig, { ...doomed, user: heir })).toMatchObject({ user: heir });
    await expect(createAccount(rig.deps, request, anySignal)).rejects.toMatchObject({ code: "STATE_CONFLICT" });
  });

  test("that never was is not found", async () => {
    using rig = await removalRig();
    const accountId = "ac00000000000009" as AccountId;

    await expect(removeAccount(rig.deps, { accountId }, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("is refused while it has a connection, and its secret goes before its records do", async () => {
    await using rig = await syncRig();
    const { accountId } = rig;
    await publishChanges(rig.deps, accountId, { profiles: [profiles(1, 2)] });
    const { id: connectionId, secretRef } = await rig.connect();

    const refused = removeAccount(rig.deps, { accountId }, anySignal);
    await expect(refused).rejects.toMatchObject({
      code: "ACCOUNT_IN_USE",
      message: expect.stringContaining("enabled"),
    });
    await removeConnection(rig.deps, { accountId, connectionId }, anySignal);
    await removeAccount(rig.deps, { accountId }, anySignal);
    await sweepRemovedAccounts(rig.deps, anySignal);

    await expect(rig.deps.secrets.get(secretRef)).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    expect((await rig.deps.table.query({ pk: `account/${accountId}/` })).items).toEqual([]);
    expect(await rig.deps.files.versions(`change/${accountId}/`)).toEqual([]);
    expect(rig.events.filter(({ event }) => event === "sweep-failed-in-part")).toEqual([]);
  });
});

test("every key of an account's objects lies in one of its areas", () => {
  const accountId = "ac00000000000001" as AccountId;
  const { moves: _, ...makers } = fileKeys;

  const areas = Object.values(makers).map((make) => make(accountId, "x", "y").split("/").slice(0, 2));

  expect(areas.every(([, account]) => account === accountId)).toBe(true);
  expect(new Set(areas.map(([area]) => area))).toEqual(new Set(accountAreas));
});

interface Tenant {
  readonly accountId: AccountId;
  readonly user: User;
  readonly token: string;
  readonly publicKey: string;
}

interface RemovalRig extends AccountRig {
  readonly doomed: Tenant;
  readonly neighbour: Tenant;
}

/** Two accounts whose ids differ in the last character, each with a user, a key and a token. */
async function removalRig(): Promise<RemovalRig> {
  const rig = accountRig();
  const deps: Deps = { ...given(rig), files: openFiles(join(rig.folder, "files"), { clock: rig.clock }) };
  const tenants: Tenant[] = [];
  for (const number of [1, 2]) tenants.push(await tenant(deps, number));
  const [doomed, neighbour] = tenants as [Tenant, Tenant];
  return { ...rig, deps, doomed, neighbour };
}

function given({ deps }: Pick<AccountRig, "deps">): Deps {
  const { table, clock, randomness, sftpUsers, log } = deps;
  return { table, clock, randomness, sftpUsers, log } as Deps;
}

async function tenant(deps: Deps, number: number): Promise<Tenant> {
  const fixed = { ...deps.randomness, bytes: (count: number) => new Uint8Array(count).fill(0).fill(number, 13) };
  const { id: accountId } = await createAccount({ ...deps, randomness: fixed }, { name: `Shop ${number}` }, anySignal);
  const user = await createUser(deps, { accountId, name: "Una" }, anySignal);
  const { publicKey } = makeKey("ed25519");
  await letIn(deps, user, publicKey);
  const issued = await createToken(deps, { scope: "account", accountId }, anySignal);
  return { accountId, user, token: issued.text, publicKey };
}

/** Leaves something of every sort, in every place. */
async function fill({ deps }: RemovalRig, { accountId, user }: Tenant): Promise<void> {
  for (const sk of ["intake/head", "import/open/1", "pointer", "lease/commit", "run/by-id/1", "progress/a/1"]) {
    await deps.table.put(itemOf(accountItem(accountId, sk), { accountId }));
  }
  for (const list of accountLists(accountId).filter((pk) => !pk.startsWith("pending-"))) {
    await deps.table.put(itemOf(globalItem(list, `${accountId}-entry`), { accountId }));
  }
  const { moves, ...makers } = fileKeys;
  for (const make of Object.values(makers)) {
    await deps.files.put(make(accountId, user.id, "profiles/a.csv"), Buffer.from("x"));
  }
  // More than is deleted at once.
  const replaced = fileKeys.inbox(accountId, user.id, "profiles/a.csv");
  for (let version = 0; version < 30; version += 1) await deps.files.put(replaced, Buffer.from("x"));
  for (let file = 0; file < 30; file += 1) {
    await deps.files.put(fileKeys.held(accountId, user.id, `profiles/${file}.part`), Buffer.from("x"));
  }
  await deps.files.put(`${moves}${user.id}-1`, Buffer.from("{}"));
}

async function login(rig: RemovalRig, { user, publicKey }: Tenant) {
  const keyBase64 = publicKey.split(" ")[1] ?? "";
  return sftpLogin(rig.deps, { username: user.sftpUsername, keyBase64 }, anySignal);
}

/** Every item and every version of an object that names an account, past all of our own lists. */
async function everythingOf(rig: RemovalRig, accountId: AccountId): Promise<readonly string[]> {
  using database = new DatabaseSync(join(rig.folder, "table.sqlite"), { readOnly: true });
  const items = database.prepare("SELECT pk, sk, body FROM item ORDER BY pk, sk").all();
  const named = items.filter((item) => JSON.stringify(item).includes(accountId));
  const versions = await rig.deps.files.versions("", { limit: 10_000 });
  return [
    ...named.map(({ pk, sk }) => `${pk} ${sk}`),
    ...versions.filter(({ key }) => key.includes(accountId)).map(({ key, version }) => `${key} ${version}`),
  ];
}
