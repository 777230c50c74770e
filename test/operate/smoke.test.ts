import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../lib/engine/engine.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { dataPaths } from "../../lib/local/data-folder.ts";
import { startLocalPostgres } from "../../lib/local/postgres-server.ts";
import { runSmokeCommand } from "../../lib/operate/smoke/smoke-command.ts";
import { sftpRig } from "../support/sftp-rig.ts";
import { startTestSystem, type TestSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const folder = tempFolder();
let running: TestSystem;

beforeAll(async () => {
  running = await startTestSystem(folder.path);
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Outcome {
  readonly exitCode: number;
  readonly said: string;
}

async function smoke(
  system: TestSystem,
  words: readonly string[],
  hooks: { signal?: AbortSignal; onLine?: (text: string) => void } = {},
): Promise<Outcome> {
  const said: string[] = [];
  const hear = (text: string) => {
    said.push(text);
    hooks.onLine?.(text);
  };
  const { endpoint, operatorToken } = system.system;
  const exitCode = await runSmokeCommand(
    ["--api", `${endpoint.url}/`, "--poll", "50", ...words],
    {
      output: { line: hear, problem: hear },
      progress: { show: () => {}, end: () => {} },
      environment: { WS_OPERATOR_TOKEN: operatorToken.text },
    },
    hooks.signal ?? new AbortController().signal,
  );
  return { exitCode, said: said.join("\n") };
}

async function accountsOf({ operator }: TestSystem) {
  return (await operator.call("GET /accounts")).items;
}

describe("the smoke test", () => {
  test("does the main job with DuckDB and leaves no account behind", async () => {
    const { exitCode, said } = await smoke(running, ["--kind", "duckdb"]);

    expect(said).toContain("All of it went well.");
    expect(exitCode).toBe(0);
    expect(said).toContain("200 accepted, 1 rejected; 300 accepted, 1 rejected");
    expect(said).toContain("225 profiles and 300 events inserted");
    expect(await accountsOf(running)).toEqual([]);
  });

  test("counts rows in PostgreSQL past the product, and drops its tables", async () => {
    await using server = await startLocalPostgres({ folder: folder.path, port: 0 });
    const { user, password, host, port, database } = server;
    const url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`;

    const { exitCode, said } = await smoke(running, ["--postgres", url]);

    expect(said).toContain("count the rows by SQL: 225 profiles and 300 events");
    expect(exitCode).toBe(0);
    expect(said).toContain("drop the test's tables: ws_smoke_");
    expect(said).not.toContain(password);
  });

  test("finds address and token of the system that was started here by its data folder", async () => {
    const { exitCode } = await smokeBy(["--data", folder.path, "--sftp", "off"]);

    expect(exitCode).toBe(0);
    expect(dataPaths(folder.path).endpoint).toContain(folder.path);
  });

  test("says what it did not try, and that is no failure", async () => {
    const { exitCode, said } = await smoke(running, ["--sftp", "off"]);

    expect(exitCode).toBe(0);
    expect(said).toContain("WARNING: all that was tried went well, but not tried was: upload and import; sync to");
  });

  test("leaves everything as it is with --keep", async () => {
    const { exitCode } = await smoke(running, ["--sftp", "off", "--keep"]);
    const [kept] = await accountsOf(running);

    expect(exitCode).toBe(0);
    expect(kept?.name).toMatch(/^Smoke test 2/);
    await running.operator.call("DELETE /accounts/{accountId}", { params: { accountId: kept?.id ?? "" } });
  });
});

describe("the smoke test fails", () => {
  test("where a warehouse cannot be reached, with the fix, and clears up", async () => {
    const url = "postgres://nobody:wrong@127.0.0.1:1/none?sslmode=disable";

    const { exitCode, said } = await smoke(running, ["--postgres", url]);

    expect(exitCode).toBe(1);
    expect(said).toMatch(/✗ connect the warehouse \(postgres\): Unable to connect: .+\n {4}fix: /);
    expect(said).toContain("The smoke test FAILED.");
    expect(await accountsOf(running)).toEqual([]);
  });

  test("where the host key is not the one that the API tells", async () => {
    await using stranger = await sftpRig();

    const { exitCode, said } = await smoke(running, ["--sftp", `127.0.0.1:${stranger.server.port}`]);

    expect(exitCode).toBe(1);
    expect(said).toContain("is not the one that the API tells (SHA256:");
    expect(await accountsOf(running)).toEqual([]);
  });

  test("at once where the engine does not start, with the loader's words", async () => {
    using other = tempFolder();
    const engine: Engine = { open: () => Promise.reject(new Error("libstdc++.so.6: not found")), close: () => {} };
    await using broken = await startTestSystem(other.path, { wrapDeps: (deps): Deps => ({ ...deps, engine }) });

    const { exitCode, said } = await smoke(broken, []);

    expect(exitCode).toBe(1);
    expect(said).toMatch(/✗ start the engine: .*libstdc\+\+\.so\.6: not found.* \[ENGINE_UNAVAILABLE\]\n {4}fix: /);
  });

  test("where nothing answers", async () => {
    const { exitCode, said } = await smokeBy(["--api", "http://127.0.0.1:9", "--operator-token", "ws_x"]);

    expect(exitCode).toBe(1);
    expect(said).toContain("✗ reach the API: nothing answers at http://127.0.0.1:9");
  });

  test("when it is interrupted, and still clears up", async () => {
    const interrupted = new AbortController();

    const { exitCode, said } = await smoke(running, ["--kind", "duckdb"], {
      signal: interrupted.signal,
      onLine: (text) => {
        if (text.includes("✓ connect the warehouse")) interrupted.abort();
      },
    });

    expect(exitCode).toBe(130);
    expect(said).toContain("✓ remove the connection: Removed");
    expect(said).toContain("✓ remove the account");
    expect(await accountsOf(running)).toEqual([]);
  });

  test.for([
    [["--sftp", "nowhere"], "give host:port, or off"],
    [["--api", "no address"], "--api takes an address"],
    [["--postgres", "mysql://x"], "give postgres://"],
    [["--data", "/nonexistent"], "nothing has been started in /nonexistent"],
  ] as const)("with %j before it sends anything", async ([words, message]) => {
    const { exitCode, said } = await smokeBy(["--operator-token", "ws_x", ...words]);

    expect(exitCode).toBe(2);
    expect(said).toContain(message);
  });
});

async function smokeBy(words: readonly string[]): Promise<Outcome> {
  const said: string[] = [];
  const hear = (text: string) => void said.push(text);
  const progress = { show: () => {}, end: () => {} };
  const world = { output: { line: hear, problem: hear }, progress, environment: {} };
  return {
    exitCode: await runSmokeCommand(words, world, new AbortController().signal),
    said: said.join("\n"),
  };
}
