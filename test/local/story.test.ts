import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEngine } from "../../lib/engine/engine.ts";
import { runCommandLine } from "../../lib/local/cli/program.ts";
import { dataPaths, type Endpoint, readIfThere } from "../../lib/local/data-folder.ts";
import { openSftp } from "../../lib/local/demo/sftp-upload.ts";
import { tempFolder } from "../support/temp-folder.ts";

const { signal } = new AbortController();
const folder = tempFolder();
const data = join(folder.path, "data");
const pair = ssh2.utils.generateKeyPairSync("ed25519");
let server: ChildProcess | undefined;

beforeAll(async () => {
  await startServer();
});

afterAll(async () => {
  await stopServer("SIGKILL");
  folder[Symbol.dispose]();
});

/** `npm start` in a process of its own. */
async function startServer(): Promise<void> {
  const env = { ...process.env, WS_DATA: data, WS_HTTP_PORT: "0", WS_SFTP_PORT: "0" };
  const child = spawn(process.execPath, ["bin/local.ts"], { env, stdio: ["ignore", "pipe", "inherit"] });
  server = child;
  for await (const bytes of child.stdout) {
    if (String(bytes).includes("Ctrl-C")) break;
  }
}

async function stopServer(how: NodeJS.Signals): Promise<number | null> {
  const child = server;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
  child.kill(how);
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

/** One command line; answers what it said, as JSON. */
async function ws<Answer>(...words: string[]): Promise<Answer> {
  const said: string[] = [];
  const problems: string[] = [];
  const output = { line: (text: string) => said.push(text), problem: (text: string) => problems.push(text) };
  const code = await runCommandLine(["--data", data, "--json", ...words], output, signal);
  expect({ words, code, problems }).toEqual({ words, code: 0, problems: [] });
  return JSON.parse(said.join("\n")) as Answer;
}

async function upload(path: string, text: string): Promise<void> {
  const { sftp } = JSON.parse(readIfThere(dataPaths(data).endpoint) ?? "{}") as Endpoint;
  await using session = await openSftp({ ...sftp, username: "ada", privateKey: pair.private });
  await session.put(path, new TextEncoder().encode(text));
}

async function rowsOf(file: string, sql: string): Promise<Record<string, unknown>[]> {
  const engine = await startEngine({ tempFolder: join(folder.path, "spill") });
  try {
    await using session = await engine.open(signal);
    await session.run(`ATTACH '${file}' AS w (READ_ONLY)`);
    return await session.json(sql);
  } finally {
    engine.close();
  }
}

const orders = (lines: number) =>
  [
    "Invoice,Customer,Date,Price",
    ...Array.from({ length: lines }, (_, line) => `${100 + line},${line % 7}.0,01.12.2010 08:26,${line}.50`),
    "999,,01.12.2010 08:26,1.00",
  ].join("\n");

interface Tick {
  readonly imports: readonly { readonly rowsNew: number | null; readonly rowsAlreadyPresent: number | null }[];
  readonly syncs: readonly { readonly tab: string; readonly name: string; readonly status: string }[];
}

describe("the main job by the command line, in the order of the README", () => {
  let accountId = "";

  test("an account, a user, a key and a mapping are made", async () => {
    const keyFile = join(folder.path, "id.pub");
    writeFileSync(keyFile, pair.public);
    const columns = { Invoice: "unique_id", Customer: "external_id", Date: "event_at", Price: "value" };
    const mapping = { columns, metricName: "Bought", timeZone: "Europe/London", dateFormat: "%d.%m.%Y %H:%M" };

    accountId = (await ws<{ id: string }>("account", "create", "Acme")).id;
    await ws("user", "create", "Ada", "--sftp-username", "ada");
    await ws("key", "add", "ada", keyFile);
    await ws("mapping", "set", "/events", JSON.stringify(mapping));

    expect(await ws("mapping", "show", "events")).toMatchObject({ folder: "events", version: 1, mapping });
  });

  test("a file that is uploaded and connected reaches the warehouse", async () => {
    await upload("/events/orders.csv", orders(50));
    await ws("tick");
    await ws("connect", "duckdb", "--set", "file=shop.duckdb", "--history", "all");
    const ticked = await ws<Tick>("tick");

    const file = join(dataPaths(data).warehouses, accountId, "shop.duckdb");
    const sql = `SELECT count(*)::INT AS rows, sum(value)::VARCHAR AS total, min(event_at)::VARCHAR AS first,
      count(DISTINCT profile_id)::INT AS people FROM w.klaviyo_event`;
    expect(await rowsOf(file, sql)).toEqual([
      { rows: 50, total: "1250.000000000", first: "2010-12-01 08:26:00", people: 7 },
    ]);
    expect(ticked.syncs.map((sync) => `${sync.tab} ${sync.name}: ${sync.status}`)).toContain(
      "Historical Events: Completed",
    );
  });

  test("an import that is killed half-way goes on at the next start, and counts each row once", async () => {
    await upload("/events/more.csv", orders(20_000));
    await stopServer("SIGKILL");
    await startServer();
    const ticked = await ws<Tick>("tick");
    const again = await ws<Tick>("tick");

    const file = join(dataPaths(data).warehouses, accountId, "shop.duckdb");
    expect(await rowsOf(file, "SELECT count(*)::INT AS rows FROM w.klaviyo_event")).toEqual([{ rows: 20_000 }]);
    expect(ticked.imports[0]).toMatchObject({ rowsNew: 19_950, rowsAlreadyPresent: 50 });
    expect(again.imports[0]).toEqual(ticked.imports[0]);
  });

  test("status, runs, receipts and errors are to be seen", async () => {
    const status = await ws<{ connections: { status: string }[]; imports: { rowsRejected: number }[] }>("status");
    const runs = await ws<{ syncId: string; runs: { status: string }[] }[]>("runs");
    const receipts = await ws<{ items: { rowsStaged: number }[] }[]>("receipts", "events-periodic");

    expect(status.connections.map((connection) => connection.status)).toEqual(["Enabled"]);
    expect(status.imports.map((item) => item.rowsRejected)).toEqual([1, 1]);
    expect(runs.flatMap((each) => each.runs).every((run) => run.status === "Completed")).toBe(true);
    expect(receipts.flatMap((each) => each.items.map((receipt) => receipt.rowsStaged))).toEqual([19_950]);
    expect(await ws("errors")).toEqual([]);
  });

  test("Ctrl-C ends it cleanly, also while it works", async () => {
    await upload("/events/last.csv", orders(30_000));

    expect(await stopServer("SIGINT")).toBe(0);
  });
});
