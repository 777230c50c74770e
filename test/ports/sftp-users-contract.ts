import { describe, expect, test } from "vitest";
import { addKey } from "../../lib/flows/accounts/add-key.ts";
import { createUser } from "../../lib/flows/accounts/create-user.ts";
import { removeAccount } from "../../lib/flows/accounts/remove-account.ts";
import { removeKey } from "../../lib/flows/accounts/remove-key.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { SshKey, User } from "../../lib/model/account.ts";
import { anySignal, letIn, someUser } from "../support/account-rig.ts";
import { makeKey } from "../support/ssh-keys.ts";

interface SftpUsersBed extends AsyncDisposable {
  /** Enough for the flows of accounts, with the endpoint at hand. */
  readonly deps: Deps;
  /** Whether the endpoint lets somebody of that name in by that key. */
  canLogIn(username: string, publicKey: string): Promise<boolean>;
}

export type OpenSftpUsersBed = () => Promise<SftpUsersBed>;

async function takeAway(deps: Deps, user: User, key: SshKey): Promise<void> {
  await removeKey(deps, { accountId: user.accountId, userId: user.id, keyId: key.id }, anySignal);
}

/** What every SFTP endpoint must do with users and keys. */
export function describeSftpUsers(name: string, open: OpenSftpUsersBed): void {
  describe(name, () => {
    test("a key opens the door of its user, and of nobody else", async () => {
      await using bed = await open();
      const [ada, bob] = [await someUser(bed.deps, "Ada"), await someUser(bed.deps, "Bob")];

      const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

      expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
      expect(await bed.canLogIn(bob.sftpUsername, key.publicKey)).toBe(false);
      expect(await bed.canLogIn("nobody-at-all", key.publicKey)).toBe(false);
    });

    test.each([["ed25519"], ["ecdsa"], ["rsa"]] as const)("a key of type %s is taken", async (type) => {
      await using bed = await open();
      const ada = await someUser(bed.deps);

      const key = await letIn(bed.deps, ada, makeKey(type).publicKey);

      expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
    });

    test("a removed key opens nothing any more, and the others still do", async () => {
      await using bed = await open();
      const ada = await someUser(bed.deps);
      const lost = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
      const kept = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

      await takeAway(bed.deps, ada, lost);

      expect(await bed.canLogIn(ada.sftpUsername, lost.publicKey)).toBe(false);
      expect(await bed.canLogIn(ada.sftpUsername, kept.publicKey)).toBe(true);
    });

    test("a key that was removed can be added again", async () => {
      await using bed = await open();
      const ada = await someUser(bed.deps);
      const { publicKey } = makeKey("ed25519");
      await takeAway(bed.deps, ada, await letIn(bed.deps, ada, publicKey));

      const again = await letIn(bed.deps, ada, publicKey);

      expect(await bed.canLogIn(ada.sftpUsername, again.publicKey)).toBe(true);
    });

    test("a key that was added twice is gone once it is removed", async () => {
      await using bed = await open();
      const ada = await someUser(bed.deps);
      const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
      const again = { accountId: ada.accountId, userId: ada.id, title: "again", publicKey: key.publicKey };

      await expect(addKey(bed.deps, again, anySignal)).rejects.toMatchObject({ code: "KEY_DUPLICATE" });
      expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
      await takeAway(bed.deps, ada, key);

      expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(false);
    });

    test("a user who was created twice is one user with the keys of one", async () => {
      await using bed = await open();
      const ada = await someUser(bed.deps);
      const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

      await bed.deps.sftpUsers.createUser(ada);

      expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
    });

    test("nobody of a removed account gets in, and everybody else does", async () => {
      await using bed = await open();
      const [ada, bob] = [await someUser(bed.deps, "Ada"), await someUser(bed.deps, "Bob")];
      const gone = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
      const kept = await letIn(bed.deps, bob, makeKey("ed25519").publicKey);

      await removeAccount(bed.deps, { accountId: ada.accountId }, anySignal);

      expect(await bed.canLogIn(ada.sftpUsername, gone.publicKey)).toBe(false);
      expect(await bed.canLogIn(bob.sftpUsername, kept.publicKey)).toBe(true);
    });

    test("removing what is not there is no error", async () => {
      await using bed = await open();
      const ada = await someUser(bed.deps);
      const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
      const stranger: User = { ...ada, sftpUsername: "a-stranger" };
      await takeAway(bed.deps, ada, key);

      await bed.deps.sftpUsers.removeKey(ada, key);
      await bed.deps.sftpUsers.removeKey(stranger, key);
      await bed.deps.sftpUsers.removeUser(stranger);

      expect(await createUser(bed.deps, { accountId: ada.accountId, name: "Bob" }, anySignal)).toBeDefined();
    });
  });
}
