import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dataPaths } from "../../lib/local/data-folder.ts";
import { startTestSystem } from "../support/system.ts";

let folder = "";
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ws-system-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

function start(environment: Record<string, string> = {}, words: readonly string[] = []) {
  const child = spawn(process.execPath, ["bin/local.ts", ...words], {
    env: { ...process.env, WS_DATA: folder, WS_HTTP_PORT: "0", WS_SFTP_PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const said = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      said.text += bytes.toString();
    });
  }
  const exited = once(child, "exit").then(([code]) => code as number | null);
  return { child, said, exited };
}

async function says(said: { text: string }, words: RegExp, exited: Promise<unknown>): Promise<void> {
  const isOver = exited.then(() => true);
  while (!words.test(said.text)) {
    const next = new Promise<false>((resolve) => setTimeout(resolve, 20, false));
    if (await Promise.race([isOver, next])) break;
  }
  expect(said.text).toMatch(words);
}

describe("npm start", () => {
  test("tells where it listens, shows the first token once, and ends cleanly by Ctrl-C", async () => {
    const first = start();
    await says(first.said, /Ctrl-C/, first.exited);
    first.child.kill("SIGINT");
    const exitCode = await first.exited;
    const second = start();
    await says(second.said, /Ctrl-C/, second.exited);

    const token = readFileSync(dataPaths(folder).operatorToken, "utf8").trim();
    expect(exitCode).toBe(0);
    expect(first.said.text).toContain(token);
    expect(first.said.text).toMatch(/sftp -P \d+ ada@127\.0\.0\.1/);
    expect(second.said.text).not.toContain(token);
    expect(statSync(dataPaths(folder).operatorToken).mode & 0o777).toBe(0o600);
  });

  test("keeps the SFTP host key and the operator's token over a kill", async () => {
    const first = start();
    await says(first.said, /Ctrl-C/, first.exited);
    first.child.kill("SIGKILL");
    await first.exited;

    const second = start();
    await says(second.said, /Ctrl-C/, second.exited);

    const fingerprint = /SHA256:\S+/.exec(first.said.text)?.[0] ?? "none";
    expect(second.said.text).toContain(fingerprint);
  });

  test("refuses a folder that another process works on, and says which", async () => {
    await using running = await startTestSystem(folder);

    const second = start();
    const exitCode = await second.exited;

    expect(running.system.endpoint.url).toContain("127.0.0.1");
    expect(exitCode).toBe(1);
    expect(second.said.text).toContain(`${folder} is in use by another process (process ${process.pid})`);
  });

  test("refuses settings that are not valid, by name", async () => {
    const { exited, said } = start({ WS_HTTP_PORT: "eighty" });

    expect(await exited).toBe(1);
    expect(said.text).toContain("WS_HTTP_PORT");
  });

  test("explains itself", async () => {
    const { exited, said } = start({}, ["--help"]);

    expect(await exited).toBe(0);
    expect(said.text).toContain("WS_ALLOW_PRIVATE");
  });
});

describe("the local system", () => {
  test("answers on loopback while it runs, and not after", async () => {
    const running = await startTestSystem(folder);
    const { url } = running.system.endpoint;
    const health = await fetch(`${url}/health`);
    await running.system.close(0);

    expect(await health.json()).toEqual({ status: "ok", version: "test" });
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test("logs JSON lines in the folder and never a token", async () => {
    await using running = await startTestSystem(folder);
    const { api } = await running.tenant("Acme");
    await api.call("GET /account");
    await fetch(`${running.system.endpoint.url}/a%0Ab%1B%5B31m%E2%80%AEgnp`);

    const text = readFileSync(join(folder, "events.log"), "utf8");
    const lines = text.trimEnd().split("\n");

    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toContain("http");
    expect(text).not.toContain(running.system.operatorToken.text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test("issues a new operator token when the file is gone", async () => {
    const first = await startTestSystem(folder);
    const before = first.system.operatorToken.text;
    await first.system.close(0);
    rmSync(dataPaths(folder).operatorToken);

    await using second = await startTestSystem(folder);

    expect(second.system.operatorToken.text).not.toBe(before);
    expect(await second.operator.call("GET /accounts")).toMatchObject({ items: [] });
    expect(existsSync(dataPaths(folder).operatorToken)).toBe(true);
  });
});
