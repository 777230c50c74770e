import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { TransferClient } from "@aws-sdk/client-transfer";
import { describe, expect, test } from "vitest";
import { type Asked, isAllowed } from "../../lib/destinations/stand-ins/evaluate-policy.ts";
import { startS3 } from "../../lib/destinations/stand-ins/s3/s3-server.ts";
import { sftpLogin } from "../../lib/flows/accounts/sftp-login.ts";
import { uploadPlace } from "../../lib/flows/import/upload-place.ts";
import { awsClient } from "../../lib/platform/aws/clients.ts";
import { noSftpUsers } from "../../lib/platform/aws/no-sftp.ts";
import { sessionPolicyCharactersMax } from "../../lib/platform/aws/sftp-session.ts";
import { transferUsers } from "../../lib/platform/aws/sftp-users.ts";
import { OpenConnections } from "../../lib/platform/embedded/sftp/connections.ts";
import { embeddedSftpUsers } from "../../lib/platform/embedded/sftp/sftp-users.ts";
import { accountRig, letIn, someUser } from "../support/account-rig.ts";
import { testOptions } from "../support/aws/client.ts";
import { AwsFault } from "../support/aws/json-server.ts";
import { startTransferServer } from "../support/aws/transfer-server.ts";
import { makeKey } from "../support/ssh-keys.ts";
import { describeSftpUsers } from "./sftp-users-contract.ts";

const bucket = "b".repeat(63);
const keyArn = `arn:aws:kms:ap-southeast-2:123456789012:key/${"0".repeat(36)}`;
const roleArn = `arn:aws:iam::123456789012:role/${"r".repeat(64)}`;

async function transferBed() {
  const [server, s3] = [await startTransferServer(), await startS3({ bucketName: bucket })];
  const client = awsClient(TransferClient, testOptions(server));
  const s3Client = awsClient(S3Client, testOptions({ endpoint: s3.url }));
  const { serverId, users } = server;
  const rig = accountRig({
    sftpUsers: transferUsers({ client, s3: s3Client, serverId, bucket, keyArn, roleArn }),
  });
  return {
    ...rig,
    server,
    users,
    keys: async () =>
      (await s3Client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents?.map((object) => object.Key),
    canLogIn: async (username: string, publicKey: string) =>
      users.get(username)?.keys.some((key) => key.SshPublicKeyBody.startsWith(publicKey)) === true,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      s3Client.destroy();
      rig[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
    },
  };
}

describeSftpUsers("SFTP users of Transfer Family", transferBed);

describeSftpUsers("SFTP users of the embedded endpoint", async () => {
  const rig = accountRig({ sftpUsers: embeddedSftpUsers(new OpenConnections()) });
  return {
    ...rig,
    canLogIn: async (username, publicKey) => {
      const request = { username, keyBase64: publicKey.split(" ")[1] ?? "" };
      return (await sftpLogin(rig.deps, request, new AbortController().signal)) !== undefined;
    },
    [Symbol.asyncDispose]: async () => rig[Symbol.dispose](),
  };
});

describe("a user of Transfer Family", () => {
  test("sees three folders, which are there from the start and are no uploads", async () => {
    await using bed = await transferBed();

    const { accountId, id, sftpUsername } = await someUser(bed.deps);

    const home = `/${bucket}/inbox/${accountId}/${id}`;
    expect(bed.users.get(sftpUsername)?.mappings).toEqual([
      { Entry: "/profiles", Target: `${home}/profiles` },
      { Entry: "/events", Target: `${home}/events` },
      { Entry: "/results", Target: `/${bucket}/results/${accountId}/${id}` },
    ]);
    expect(bed.users.get(sftpUsername)?.tags).toEqual([
      { Key: "account", Value: accountId },
      { Key: "user", Value: id },
    ]);
    const folder = { accountId, userId: id, key: `inbox/${accountId}/${id}/profiles/` };
    expect(await bed.keys()).toContain(folder.key);
    expect(uploadPlace({ ...folder, version: "v" })).toBeUndefined();
  });

  test("is confined by a policy that Transfer Family takes, however long the names of the installation", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps, "Ada");
    const bob = await someUser(bed.deps, "Bob");
    const policy = bed.users.get(ada.sftpUsername)?.policy ?? "";
    const { Statement } = JSON.parse(policy) as { Statement: Parameters<typeof isAllowed>[0] };
    const may = (action: string, key: string) =>
      isAllowed(Statement, { action: `s3:${action}`, resource: `arn:aws:s3:::${bucket}/${key}` });
    const list = (prefix: string): Asked => ({
      action: "s3:ListBucket",
      resource: `arn:aws:s3:::${bucket}`,
      context: { "s3:prefix": prefix },
    });
    const [own, others] = [`${ada.accountId}/${ada.id}`, `${bob.accountId}/${bob.id}`];

    expect(policy.length).toBeLessThanOrEqual(sessionPolicyCharactersMax);
    for (const action of ["PutObject", "GetObject", "DeleteObject"]) {
      expect(may(action, `inbox/${own}/profiles/sub/a.csv`)).toBe(true);
      expect(may(action, `inbox/${own}/events/a.csv`)).toBe(true);
      expect(may(action, `inbox/${others}/events/a.csv`)).toBe(false);
      expect(may(action, `inbox/${own}/elsewhere/a.csv`)).toBe(false);
      expect(may(action, `inbox/${own}0/events/a.csv`)).toBe(false);
      expect(may(action, `archive/${own}/events/a.csv`)).toBe(false);
    }
    expect(may("GetObject", `results/${own}/a.csv`)).toBe(true);
    expect(may("PutObject", `results/${own}/a.csv`)).toBe(false);
    expect(may("DeleteObject", `results/${own}/a.csv`)).toBe(false);
    expect(may("DeleteObject", `inbox/${own}/profiles/`)).toBe(false);
    expect(may("GetObject", `results/${others}/a.csv`)).toBe(false);
    expect(isAllowed(Statement, list(`results/${own}/`))).toBe(true);
    expect(isAllowed(Statement, list(`inbox/${own}/profiles/sub/`))).toBe(true);
    expect(isAllowed(Statement, list(`inbox/${others}/profiles/`))).toBe(false);
    expect(isAllowed(Statement, list(`inbox/${ada.accountId}/`))).toBe(false);
    expect(isAllowed(Statement, list(""))).toBe(false);
  });

  test("who is older than the endpoint is made when a key comes", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    await bed.deps.sftpUsers.removeUser(ada);

    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

    expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
  });

  test("who was made by an earlier version gets the policy of this one, and keeps the keys", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
    const user = bed.users.get(ada.sftpUsername);
    const policy = user?.policy;
    Object.assign(user ?? {}, { policy: "old" });

    await bed.deps.sftpUsers.createUser(ada);

    expect(bed.users.get(ada.sftpUsername)?.policy).toBe(policy);
    expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
  });

  test("is not let in by the keys of somebody who had that name in an installation before", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    const { publicKey } = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
    const namesake = { ...(await someUser(bed.deps, "Bob")), sftpUsername: ada.sftpUsername };

    await bed.deps.sftpUsers.createUser(namesake);

    expect(await bed.canLogIn(namesake.sftpUsername, publicKey)).toBe(false);
    expect(bed.users.get(namesake.sftpUsername)?.policy).toContain(namesake.accountId);
    expect(bed.users.get(namesake.sftpUsername)?.policy).not.toContain(ada.accountId);
  });

  test("who is removed logs in by no key, and can be removed again", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

    await bed.deps.sftpUsers.removeUser(ada);
    await bed.deps.sftpUsers.removeUser(ada);

    expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(false);
  });

  test("whose key was added by hand with a comment loses it too", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
    bed.users.get(ada.sftpUsername)?.keys.push({
      SshPublicKeyId: "key-99999999999999999",
      SshPublicKeyBody: `${key.publicKey} ada@laptop`,
    });

    await bed.deps.sftpUsers.removeKey(ada, key);

    expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(false);
  });

  test("who got a key, though the answer was lost, has it once", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    bed.server.failNext("ImportSshPublicKey", new AwsFault("InternalServiceError", "lost", 500), { afterwards: true });

    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);

    expect(bed.users.get(ada.sftpUsername)?.keys).toHaveLength(1);
    expect(await bed.canLogIn(ada.sftpUsername, key.publicKey)).toBe(true);
  });

  test("gets a clear refusal of a key that Transfer Family does not take", async () => {
    await using bed = await transferBed();
    const ada = await someUser(bed.deps);
    const key = await letIn(bed.deps, ada, makeKey("ed25519").publicKey);
    const ofDevice = { ...key, publicKey: "sk-ssh-ed25519@openssh.com AAAA" };
    const odd = { ...key, publicKey: "ssh-dss AAAA" };

    await expect(bed.deps.sftpUsers.addKey(ada, ofDevice)).rejects.toMatchObject({ code: "KEY_UNSUPPORTED" });
    await expect(bed.deps.sftpUsers.addKey(ada, odd)).rejects.toMatchObject({ code: "KEY_UNSUPPORTED" });
  });
});

test("without an endpoint people can be made and removed, and a key is refused with what to do", async () => {
  using rig = accountRig({ sftpUsers: noSftpUsers });
  const ada = await someUser(rig.deps);

  const adding = letIn(rig.deps, ada, makeKey("ed25519").publicKey);

  await expect(adding).rejects.toMatchObject({ code: "STATE_CONFLICT" });
  await expect(adding).rejects.toThrow(/switch SFTP on/);
  await rig.deps.sftpUsers.removeUser(ada);
});
