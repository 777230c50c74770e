import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { issueToken, TokenOrder } from "../../functions/issue-operator-token/issue-token.ts";
import { openClient } from "../../lib/http/client.ts";
import type { Routes } from "../../lib/http/routes.ts";
import { runFirstAccountCommand } from "../../lib/operate/first-account/first-account-command.ts";
import { fakeWorld } from "../support/operator-world.ts";
import { makeKey } from "../support/ssh-keys.ts";
import { startTestSystem, type TestSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const never = new AbortController().signal;

/** A world in which the local system stands for a deployed stack: the token comes from the function's own code. */
function deployedWorld(folder: string, { system }: TestSystem) {
  const orders: unknown[] = [];
  const fake = fakeWorld(folder, {
    stacks: { WarehouseSyncApp: { ApiAddress: system.endpoint.url } },
    invoke: async (functionName, payload, signal) => {
      orders.push([functionName, payload]);
      return issueToken(system.deps, TokenOrder.parse(payload), signal);
    },
  });
  return { ...fake, orders };
}

function tokenIn(said: readonly string[]): string {
  return /WS_TOKEN=(\S+)/.exec(said.join("\n"))?.[1] ?? "";
}

test("opens an account whose user can upload and whose token works, and takes the operator's token back", async () => {
  using folder = tempFolder();
  await using bed = await startTestSystem(join(folder.path, "data"));
  const fake = deployedWorld(folder.path, bed);
  const key = join(folder.path, "ann.pub");
  writeFileSync(key, makeKey("ed25519").publicKey);
  const words = ["--name", "Acme", "--user", "Ann", "--sftp-username", "ann", "--key", key];

  const exitCode = await runFirstAccountCommand(words, fake.world, never);

  expect(fake.said.join("\n")).toContain("sftp -P");
  expect(exitCode).toBe(0);
  const { sftp } = bed.system.endpoint;
  expect(fake.said.join("\n")).toContain(sftp.hostKeyFingerprint);
  const api = openClient<Routes>({ url: bed.system.endpoint.url, token: tokenIn(fake.said) });
  expect(await api.call("GET /account")).toMatchObject({ name: "Acme" });
  const [user] = (await api.call("GET /users")).items;
  expect(user).toMatchObject({ name: "Ann", sftpUsername: "ann" });
  expect((await api.call("GET /users/{userId}/keys", { params: { userId: user?.id ?? "" } })).items).toHaveLength(1);
  expect(fake.orders).toEqual([
    ["warehouse-sync-issue-operator-token", { daysValid: 1 }],
    ["warehouse-sync-issue-operator-token", { revoke: expect.stringMatching(/./) }],
  ]);
});

test("asked again for the same names it finds what is there", async () => {
  using folder = tempFolder();
  await using bed = await startTestSystem(join(folder.path, "data"));
  const fake = deployedWorld(folder.path, bed);
  const key = join(folder.path, "ann.pub");
  writeFileSync(key, makeKey("ed25519").publicKey);
  const words = ["--name", "Acme", "--user", "Ann", "--key", key];

  await runFirstAccountCommand(words, fake.world, never);
  const exitCode = await runFirstAccountCommand(words, fake.world, never);

  expect(exitCode).toBe(0);
  expect((await bed.operator.call("GET /accounts", {})).items).toHaveLength(1);
});

test("takes the operator's token back also where the API refuses", async () => {
  using folder = tempFolder();
  await using bed = await startTestSystem(join(folder.path, "data"));
  const fake = deployedWorld(folder.path, bed);
  const words = ["--name", "Acme", "--user", "Root", "--sftp-username", "root"];

  const exitCode = await runFirstAccountCommand(words, fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.orders.at(-1)).toEqual(["warehouse-sync-issue-operator-token", { revoke: expect.any(String) }]);
});

test("works against npm start by address and token", async () => {
  using folder = tempFolder();
  await using bed = await startTestSystem(join(folder.path, "data"));
  const fake = fakeWorld(folder.path);
  const { endpoint, operatorToken } = bed.system;
  const words = ["--name", "Acme", "--url", endpoint.url, "--operator-token", operatorToken.text];

  const exitCode = await runFirstAccountCommand(words, fake.world, never);

  expect(exitCode).toBe(0);
  const api = openClient<Routes>({ url: endpoint.url, token: tokenIn(fake.said) });
  expect(await api.call("GET /account")).toMatchObject({ name: "Acme" });
});

test.for([
  ["a key file that is not there", ["--user", "Ann", "--key", "/nowhere/ann.pub"], "ssh-keygen"],
  ["a key without a user", ["--key", "ann.pub"], "--user"],
] as const)("%s is found before anything is made", async ([, words, fix]) => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks: {} });

  const exitCode = await runFirstAccountCommand(["--name", "Acme", ...words], fake.world, never);

  expect(exitCode).toBe(2);
  expect(fake.said.at(-1)).toContain(fix);
});

test("where nothing is deployed it says how to deploy", async () => {
  using folder = tempFolder();
  const fake = fakeWorld(folder.path, { stacks: {} });

  const exitCode = await runFirstAccountCommand(["--name", "Acme"], fake.world, never);

  expect(exitCode).toBe(1);
  expect(fake.said.at(-1)).toContain("npm run deploy");
});
