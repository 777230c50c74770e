import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../../lib/local/cli/program.ts";
import { dataPaths, writePrivately } from "../../lib/local/data-folder.ts";
import { startTestApi, type TestApi } from "../support/api.ts";

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmCG7y3gVTY5Vz8xRmfCwz2d8yRoGhCwSzjfWTs3pCp ada@example";
const { signal } = new AbortController();

let api: TestApi;
let folder = "";
const said: string[] = [];
const problems: string[] = [];

beforeAll(async () => {
  api = await startTestApi();
  folder = mkdtempSync(join(tmpdir(), "ws-cli-"));
  const sftp = { host: "127.0.0.1", port: 2222, hostKeyFingerprint: "SHA256:x" };
  writePrivately(dataPaths(folder).endpoint, JSON.stringify({ url: api.url, sftp }));
  writePrivately(dataPaths(folder).operatorToken, `${api.operatorToken}\n`);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  said.length = 0;
  problems.length = 0;
});

async function ws(...words: string[]): Promise<number> {
  const output = { line: (text: string) => said.push(text), problem: (text: string) => problems.push(text) };
  return runCommandLine(["--data", folder, ...words], output, signal);
}

describe("the command line", () => {
  test("opens an account, adds a user and a key, and tells how to go on", async () => {
    const keyFile = join(folder, "id.pub");
    writeFileSync(keyFile, `${publicKey}\n`);

    const codes = [
      await ws("account", "create", "Acme"),
      await ws("user", "create", "Ada", "--sftp-username", "ada"),
      await ws("key", "add", "ada", keyFile),
    ];

    expect(codes).toEqual([0, 0, 0]);
    expect(said.join("\n")).toContain("sftp -P 2222 ada@127.0.0.1");
  });

  test("removes an account only when told to mean it, and then knows it no more", async () => {
    await ws("account", "create", "Doomed");

    const unsure = await ws("account", "remove", "Doomed");
    const sure = await ws("account", "remove", "Doomed", "--yes");
    const after = await ws("status");

    expect([unsure, sure, after]).toEqual([2, 0, 2]);
    expect(problems.join("\n")).toContain("add --yes");
    expect(said.join("\n")).toContain("is removed");
    expect(problems.at(-1)).toContain("there is no account yet");
  });

  test("tells where connections come from", async () => {
    await ws("account", "create", "Shop");

    expect(await ws("egress")).toBe(0);
    expect(said.at(-1)).toContain("this machine's own addresses");
  });

  test("keeps tokens in a file that only its owner may read", async () => {
    await ws("account", "create", "Private");

    const { mode } = statSync(dataPaths(folder).accountTokens);

    expect(mode & 0o777).toBe(0o600);
    expect(readFileSync(dataPaths(folder).accountTokens, "utf8")).toContain("ws_tk");
  });

  test("speaks of the account that was made last, or of the one that is named", async () => {
    await ws("account", "create", "One");
    await ws("account", "create", "Two");
    await ws("user", "create", "Only in Two");
    said.length = 0;

    await ws("user", "list", "--json");
    await ws("--account", "One", "user", "list", "--json");

    const [two, one] = said.map((text) => JSON.parse(text) as { items: { name: string }[] });
    expect(two?.items.map((user) => user.name)).toEqual(["Only in Two"]);
    expect(one?.items).toEqual([]);
  });

  test("finds accounts that it did not make itself", async () => {
    await api.tenant("From elsewhere");

    expect(await ws("account", "use", "From elsewhere")).toBe(0);
    await ws("user", "list");

    expect(said.join("\n")).toContain("From elsewhere Uploader");
  });

  test("tells refusals with code and fix, and ends with 1", async () => {
    await ws("account", "create", "Refused");
    await ws("user", "create", "Bo");
    const keyFile = join(folder, "private");
    writeFileSync(keyFile, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");

    const code = await ws("key", "add", "Bo", keyFile);

    expect(code).toBe(1);
    expect(problems.join("\n")).toMatch(/\[KEY_PRIVATE\]\n {2}fix: /);
  });

  test("tells wrong usage, and ends with 2", async () => {
    const codes = [await ws("acount"), await ws("account", "create"), await ws("--account", "Nobody", "user", "list")];

    expect(codes).toEqual([2, 2, 2]);
    expect(problems.join("\n")).toContain("unknown command 'acount'");
    expect(problems.join("\n")).toContain("there is no account Nobody");
  });

  test("says how to start when nothing runs, and ends with 3", async () => {
    const code = await ws("--url", "http://127.0.0.1:9", "--token", "x", "account", "list");

    expect(code).toBe(3);
    expect(problems.join("\n")).toContain("npm start");
  });
});
