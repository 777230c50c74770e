import { describe, expect, test } from "vitest";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { CreateUserRequest, createUser } from "../../lib/flows/accounts/create-user.ts";
import { getAccount } from "../../lib/flows/accounts/get-account.ts";
import { listAccounts } from "../../lib/flows/accounts/list-accounts.ts";
import { listUsers } from "../../lib/flows/accounts/list-users.ts";
import { eachAccount } from "../../lib/flows/store/accounts.ts";
import type { AccountId } from "../../lib/model/ids.ts";
import { isId } from "../../lib/model/ids.ts";
import { accountRig, anySignal, someUser } from "../support/account-rig.ts";

const nowhere = "ac00000000000000" as AccountId;

describe("accounts", () => {
  test("are listed oldest first, page by page", async () => {
    using rig = accountRig();
    for (const name of ["one", "two", "three"]) {
      await createAccount(rig.deps, { name }, anySignal);
      rig.clock.wind(1_000);
    }

    const first = await listAccounts(rig.deps, { limit: 2 }, anySignal);
    const second = await listAccounts(rig.deps, { limit: 2, cursor: first.cursor }, anySignal);
    const all: string[] = [];
    for await (const account of eachAccount(rig.deps.table)) all.push(account.name);

    expect(first.items.map((account) => account.name)).toEqual(["one", "two"]);
    expect(second.items.map((account) => account.name)).toEqual(["three"]);
    expect(all).toEqual(["one", "two", "three"]);
  });

  test("have ids of one length and a log each", async () => {
    using rig = accountRig();

    const account = await createAccount(rig.deps, { name: "one" }, anySignal);

    expect(isId("account", account.id) && isId("log", account.logId)).toBe(true);
    expect(await getAccount(rig.deps, { accountId: account.id }, anySignal)).toEqual(account);
  });

  test("asked for twice under one request id are one", async () => {
    using rig = accountRig();
    const request = { name: "one", requestId: "abc" };

    const accounts = await Promise.all([1, 2, 3].map(() => createAccount(rig.deps, request, anySignal)));

    expect(new Set(accounts.map((account) => account.id)).size).toBe(1);
    expect((await listAccounts(rig.deps, {}, anySignal)).items).toEqual([accounts[0]]);
  });

  test("that do not exist are not found", async () => {
    using rig = accountRig();

    await expect(getAccount(rig.deps, { accountId: nowhere }, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(listUsers(rig.deps, { accountId: nowhere }, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("users", () => {
  test("get an SFTP name made of both ids", async () => {
    using rig = accountRig();

    const user = await someUser(rig.deps);

    expect(user.sftpUsername).toBe(`${user.accountId.slice(2, 8)}_${user.id.slice(2, 8)}`);
    expect(rig.told).toEqual([`createUser ${user.id}`]);
  });

  test("of two accounts never share an SFTP name", async () => {
    using rig = accountRig();
    const [first, second] = [await someUser(rig.deps), await someUser(rig.deps)];
    const named = (accountId: AccountId) => ({ accountId, name: "Bob", sftpUsername: "bob.smith" });
    await createUser(rig.deps, named(first.accountId), anySignal);

    const again = createUser(rig.deps, named(second.accountId), anySignal);

    await expect(again).rejects.toMatchObject({ code: "STATE_CONFLICT" });
    expect((await listUsers(rig.deps, { accountId: second.accountId }, anySignal)).items).toEqual([second]);
  });

  test("raced for one name leave one winner", async () => {
    using rig = accountRig();
    const { accountId } = await someUser(rig.deps);
    const request = { accountId, name: "Bob", sftpUsername: "bob" };

    const ended = await Promise.allSettled([1, 2, 3, 4].map(() => createUser(rig.deps, request, anySignal)));

    expect(ended.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  });

  test("take longer default names when the short one is taken", async () => {
    using rig = accountRig();
    const { accountId } = await someUser(rig.deps);
    const expected = await createUser(rig.deps, { accountId, name: "A", requestId: "r" }, anySignal);
    const other = accountRig();
    const squatted = { accountId, name: "Squatter", sftpUsername: expected.sftpUsername };
    await copyAccount(rig, other, accountId);
    await createUser(other.deps, squatted, anySignal);

    const user = await createUser(other.deps, { accountId, name: "A", requestId: "r" }, anySignal);

    expect(user.sftpUsername).toBe(`${accountId.slice(2, 12)}_${user.id.slice(2, 12)}`);
    other[Symbol.dispose]();
  });

  test("asked for twice under one request id are one, and the endpoint is told again", async () => {
    using rig = accountRig();
    const { accountId } = await someUser(rig.deps);
    const request = { accountId, name: "Bob", requestId: "abc" };

    const first = await createUser(rig.deps, request, anySignal);
    const again = await createUser(rig.deps, request, anySignal);

    expect(again).toEqual(first);
    expect(rig.told.slice(1)).toEqual([`createUser ${first.id}`, `createUser ${first.id}`]);
  });

  test.each(["ab", "a".repeat(101), "-rf", ".hidden", "a b", "a/b", "Root", "naïve", "a\nb"])(
    "are not named %j over SFTP",
    (sftpUsername) => {
      expect(CreateUserRequest.safeParse({ accountId: nowhere, name: "x", sftpUsername }).success).toBe(false);
    },
  );

  test.each(["abc", "a".repeat(100), "bob@example.com", "_x-1"])("may be named %j over SFTP", (sftpUsername) => {
    expect(CreateUserRequest.safeParse({ accountId: nowhere, name: "x", sftpUsername }).success).toBe(true);
  });
});

async function copyAccount(from: ReturnType<typeof accountRig>, to: ReturnType<typeof accountRig>, id: AccountId) {
  const item = await from.deps.table.get({ pk: `account/${id}/`, sk: "account" });
  if (item !== undefined) await to.deps.table.put(item);
}
