import { expect, test } from "vitest";
import { listKeys } from "../../lib/flows/accounts/list-keys.ts";
import { removeKey } from "../../lib/flows/accounts/remove-key.ts";
import { sftpLogin } from "../../lib/flows/accounts/sftp-login.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { SshKey, User } from "../../lib/model/account.ts";
import type { KeyId } from "../../lib/model/ids.ts";
import { accountRig, anySignal, letIn, someUser } from "../support/account-rig.ts";
import { makeKey } from "../support/ssh-keys.ts";

const keys = Array.from({ length: 6 }, () => makeKey("ed25519").publicKey);
const [key = ""] = keys;

test("a key carries the fingerprint that ssh-keygen prints", async () => {
  using rig = accountRig();
  const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com";

  const added = await letIn(rig.deps, await someUser(rig.deps), line);

  // As GitHub publishes it: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints
  expect(added.fingerprint).toBe("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
});

test("a user has at most five keys, also when six come at once", async () => {
  using rig = accountRig();
  const user = await someUser(rig.deps);

  const ended = await Promise.allSettled(keys.map((each) => letIn(rig.deps, user, each)));

  expect(ended.filter((one) => one.status === "rejected").map((one) => one.reason.code)).toEqual(["TOO_MANY_KEYS"]);
  expect(await keysOf(rig.deps, user)).toHaveLength(5);
});

test("a removed key makes room", async () => {
  using rig = accountRig();
  const user = await someUser(rig.deps);
  const added = await Promise.all(keys.slice(0, 5).map((each) => letIn(rig.deps, user, each)));
  const [first] = added;

  await remove(rig.deps, user, first?.id);
  await letIn(rig.deps, user, keys[5] ?? "");

  expect((await keysOf(rig.deps, user)).some((each) => each.id === first?.id)).toBe(false);
});

test("the same key under another comment is a duplicate, and the endpoint is told again", async () => {
  using rig = accountRig();
  const user = await someUser(rig.deps);
  const added = await letIn(rig.deps, user, key);

  const again = letIn(rig.deps, user, `${key.trim()}-elsewhere`);

  await expect(again).rejects.toMatchObject({ code: "KEY_DUPLICATE" });
  expect(rig.told.slice(1)).toEqual([`addKey ${added.id}`, `addKey ${added.id}`]);
  expect(await keysOf(rig.deps, user)).toHaveLength(1);
});

test("one key may let two users in, each as themselves", async () => {
  using rig = accountRig();
  const [ada, bob] = [await someUser(rig.deps, "Ada"), await someUser(rig.deps, "Bob")];
  await letIn(rig.deps, ada, key);
  await letIn(rig.deps, bob, key);

  expect((await login(rig.deps, ada.sftpUsername))?.user).toEqual(ada);
  expect((await login(rig.deps, bob.sftpUsername))?.user).toEqual(bob);
});

test("a login needs a known name and a key of that very user", async () => {
  using rig = accountRig();
  const [ada, bob] = [await someUser(rig.deps, "Ada"), await someUser(rig.deps, "Bob")];
  await letIn(rig.deps, ada, key);

  expect(await login(rig.deps, bob.sftpUsername)).toBeUndefined();
  expect(await login(rig.deps, "nobody")).toBeUndefined();
  expect(await login(rig.deps, ada.sftpUsername, keys[1])).toBeUndefined();
});

test("a key whose removal was cut short opens nothing, and a repeat ends it", async () => {
  let isDown = true;
  using rig = accountRig();
  const { sftpUsers } = rig.deps;
  const removal: typeof sftpUsers.removeKey = async (user, leaving) => {
    if (isDown) throw new Error("killed");
    await sftpUsers.removeKey(user, leaving);
  };
  const deps = { ...spread(rig.deps), sftpUsers: { ...sftpUsers, removeKey: removal } };
  const user = await someUser(deps);
  const added = await letIn(deps, user, key);

  await expect(remove(deps, user, added.id)).rejects.toThrow("killed");
  expect(await login(deps, user.sftpUsername)).toBeUndefined();
  expect(await keysOf(deps, user)).toEqual([]);
  isDown = false;
  await remove(deps, user, added.id);

  expect(rig.told.at(-1)).toBe(`removeKey ${added.id}`);
  await expect(remove(deps, user, added.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

function spread(deps: Deps): Deps {
  const { table, clock, randomness, sftpUsers, log } = deps;
  return { table, clock, randomness, sftpUsers, log } as Deps;
}

async function keysOf(deps: Deps, user: User): Promise<readonly SshKey[]> {
  return listKeys(deps, { accountId: user.accountId, userId: user.id }, anySignal);
}

async function remove(deps: Deps, user: User, keyId: KeyId = "ke00000000000000" as KeyId): Promise<void> {
  await removeKey(deps, { accountId: user.accountId, userId: user.id, keyId }, anySignal);
}

async function login(deps: Deps, username: string, publicKey = key) {
  return sftpLogin(deps, { username, keyBase64: publicKey.split(" ")[1] ?? "" }, anySignal);
}
