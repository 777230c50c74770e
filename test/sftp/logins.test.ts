import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { connect as dial } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Algorithms, Connection } from "ssh2";
import { describe, expect, test } from "vitest";
import { removeKey } from "../../lib/flows/accounts/remove-key.ts";
import { sftpLogin } from "../../lib/flows/accounts/sftp-login.ts";
import { guardLogin } from "../../lib/platform/embedded/sftp/guard-login.ts";
import { hostKey } from "../../lib/platform/embedded/sftp/host-key.ts";
import { anySignal, letIn, someUser } from "../support/account-rig.ts";
import { connect, type SftpRig, sftpRig } from "../support/sftp-rig.ts";
import { makeKey } from "../support/ssh-keys.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("a login", () => {
  test.each([
    ["ed25519", undefined],
    ["ecdsa", 256],
    ["ecdsa", 384],
    ["ecdsa", 521],
    ["rsa", 2048],
    ["rsa", 4096],
  ] as const)("by a key of type %s %s succeeds", async (type, bits) => {
    await using rig = await sftpRig();
    const key = makeKey(type, bits);
    await letIn(rig.deps, rig.user, key.publicKey);

    using session = await connect(rig, { privateKey: key.privateKey });

    expect(await session.list("/")).toEqual(["events", "profiles", "results"]);
  });

  test("by a key that nobody added is refused", async () => {
    await using rig = await sftpRig();

    await expect(connect(rig, { privateKey: makeKey("ed25519").privateKey })).rejects.toThrow(/authentication methods/);
  });

  test("by somebody else's key is refused", async () => {
    await using rig = await sftpRig();
    const [bob, bobsKey] = [await someUser(rig.deps, "Bob"), makeKey("ed25519")];
    await letIn(rig.deps, bob, bobsKey.publicKey);

    await expect(connect(rig, { username: bob.sftpUsername })).rejects.toThrow();
    await expect(connect(rig, { privateKey: bobsKey.privateKey })).rejects.toThrow();
  });

  test.each(["nobody", "root", "", "x".repeat(5_000), "a/b", "\u0000"])("as %j is refused", async (username) => {
    await using rig = await sftpRig();

    await expect(connect(rig, { username: username || " " })).rejects.toThrow();
  });

  test("by password is refused, and not even offered", async () => {
    await using rig = await sftpRig();
    const offered: unknown[] = [];

    const login = connect(rig, {
      authHandler: (left, _partial, next) => {
        offered.push(left);
        next({ type: "password", username: rig.user.sftpUsername, password: "secret" });
      },
    });

    await expect(login).rejects.toThrow();
    expect(offered).toEqual([null, ["publickey"], ["publickey"]]);
  });

  test("signed with SHA-1 is refused before its signature is looked at", async () => {
    const client = new EventEmitter();
    const answers: string[] = [];
    const find = async () => Promise.reject(new Error("nobody should look"));
    const door = { find, admit: () => undefined, close: (reason: string) => void answers.push(reason) };
    guardLogin(client as unknown as Connection, door);
    const key = { algo: "ssh-rsa", data: Buffer.alloc(300) };
    const reject = (methods: string[]) => void answers.push(`refused, may try ${methods}`);

    client.emit("authentication", { method: "publickey", username: "ada", key, reject });
    client.emit("authentication", { method: "publickey", username: "ada", key, reject, signature: Buffer.alloc(256) });

    expect(answers).toEqual(["refused, may try publickey", "refused, may try publickey"]);
  });

  test("is cut off after three wrong tries", async () => {
    await using rig = await sftpRig();
    let tries = 0;
    const login = connect(rig, {
      authHandler: (_left, _partial, next) => {
        tries += 1;
        next({ type: "password", username: rig.user.sftpUsername, password: `${tries}` });
      },
    });

    await expect(login).rejects.toThrow();
    expect(tries).toBe(3);
  });
});

describe("a client that dawdles", () => {
  test.each([
    ["says nothing", ""],
    ["greets and no more", "SSH-2.0-slow\r\n"],
  ])("and %s is cut off", async (_name, greeting) => {
    await using rig = await sftpRig({ loginMs: 50 });
    const socket = dial(rig.server.port, "127.0.0.1");
    socket.write(greeting);

    await new Promise<void>((resolve) => socket.on("close", () => resolve()).resume());
  });

  test("after its login is cut off, its half upload gone", async () => {
    await using rig = await sftpRig({ idleMs: 100 });
    using session = await connect(rig);
    const handle = await session.call<Buffer>((sftp, done) => sftp.open("/events/a.csv", "w", done));
    await session.call((sftp, done) => sftp.write(handle, Buffer.from("x"), 0, 1, 0, done));

    await session.ended;

    expect(await rig.inbox()).toEqual({});
  });
});

describe("a removed key", () => {
  test("ends the sessions that came by it, and no others", async () => {
    await using rig = await sftpRig();
    const second = makeKey("ed25519");
    const stored = await letIn(rig.deps, rig.user, second.publicKey);
    using bySecond = await connect(rig, { privateKey: second.privateKey });
    using byFirst = await connect(rig);

    const { accountId, id: userId } = rig.user;
    await removeKey(rig.deps, { accountId, userId, keyId: stored.id }, anySignal);
    await bySecond.ended;

    expect(await byFirst.list("/")).toHaveLength(3);
    await expect(connect(rig, { privateKey: second.privateKey })).rejects.toThrow();
  });

  test("between look-up and admission lets nobody stay", async () => {
    await using rig = await sftpRig();
    let looks = 0;
    await rig.restart({
      // Offer, signature, admission: the key goes before the last.
      find: async (username, keyBase64) => {
        looks += 1;
        return looks > 2 ? undefined : sftpLogin(rig.deps, { username, keyBase64 }, anySignal);
      },
    });

    await connect(rig).then(
      (session) => session.ended,
      () => undefined,
    );

    expect(rig.rig.events).toContainEqual({ event: "sftp.ended", reason: "the key is gone" });
  });
});

test("a user has at most 16 connections", async () => {
  await using rig = await sftpRig();
  const sessions = await Promise.all(Array.from({ length: 16 }, () => connect(rig)));

  await expect(connect(rig)).rejects.toThrow();

  for (const session of sessions) session[Symbol.dispose]();
  await setTimeout(20);
  using again = await connect(rig);
  expect(await again.list("/")).toHaveLength(3);
});

test("shells, commands and forwarding are refused", async () => {
  await using rig = await sftpRig();
  using session = await connect(rig);
  const { client } = session;

  const refusals = await Promise.all([
    new Promise((resolve) => client.shell((error) => resolve(error))),
    new Promise((resolve) => client.exec("id", (error) => resolve(error))),
    new Promise((resolve) => client.subsys("other", (error) => resolve(error))),
    new Promise((resolve) => client.forwardOut("127.0.0.1", 1, "127.0.0.1", 22, (error) => resolve(error))),
    new Promise((resolve) => client.forwardIn("127.0.0.1", 0, (error) => resolve(error))),
  ]);

  for (const refusal of refusals) expect(refusal).toBeInstanceOf(Error);
  expect(await session.list("/")).toHaveLength(3);
});

test.each([
  { cipher: ["chacha20-poly1305@openssh.com"] },
  { cipher: ["aes256-cbc"] },
  // A MAC is bargained for only beside a cipher that has none of its own.
  { cipher: ["aes128-ctr"], hmac: ["hmac-sha1"] },
  { kex: ["diffie-hellman-group14-sha1"] },
  { compress: ["zlib@openssh.com"] },
] satisfies Algorithms[])("a client that speaks only %j is not understood", async (algorithms) => {
  await using rig = await sftpRig();

  await expect(connect(rig, { algorithms })).rejects.toThrow(/no matching|Handshake failed/);
});

describe("the host key", () => {
  test("is the same after a restart, and its file is its owner's alone", async () => {
    await using rig = await sftpRig();
    const { fingerprint } = rig.server;

    await rig.restart();

    expect(rig.server.fingerprint).toBe(fingerprint);
    expect(await fingerprintShown(rig)).toBe(fingerprint);
    expect(statSync(join(rig.rig.folder, "keys", "host-key")).mode & 0o777).toBe(0o600);
  });

  test("made by several at once is one", async () => {
    using folder = tempFolder();
    const path = join(folder.path, "deep", "host-key");

    const keys = await Promise.all(Array.from({ length: 8 }, () => hostKey(path)));

    expect(new Set(keys.map((key) => key.fingerprint)).size).toBe(1);
  });
});

async function fingerprintShown(rig: SftpRig): Promise<string> {
  let shown = "";
  using _session = await connect(rig, {
    hostHash: "sha256",
    hostVerifier: (hex: string) => {
      shown = `SHA256:${Buffer.from(hex, "hex").toString("base64").replace(/=+$/, "")}`;
      return true;
    },
  });
  return shown;
}
