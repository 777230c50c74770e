import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommandLine } from "../../lib/local/cli/program.ts";
import { startTestApi } from "../support/api.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";

interface Terminal extends AsyncDisposable {
  readonly rig: SyncRig;
  /** Runs a command, and answers its exit code and what it said. */
  readonly ws: (...words: string[]) => Promise<{ code: number; said: string }>;
}

/** The command line over the API of a rig that is connected. */
async function terminal(): Promise<Terminal> {
  await using started = new AsyncDisposableStack();
  const rig = started.use(await syncRig());
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  await rig.connect();
  const api = started.use(await startTestApi({ ...rig.deps }));
  const token = await api.operator.call("POST /accounts/{accountId}/tokens", {
    params: { accountId: rig.accountId },
    body: {},
  });
  const { signal } = new AbortController();
  const kept = started.move();
  return {
    rig,
    ws: async (...words) => {
      const said: string[] = [];
      const output = { line: (text: string) => said.push(text), problem: (text: string) => said.push(text) };
      const code = await runCommandLine(["--url", api.url, "--token", token.text, ...words], output, signal);
      await rig.settled();
      return { code, said: said.join("\n") };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test("quarantined rows are listed with their reason, written to a file, and sent again", async () => {
  await using bench = await terminal();
  const { rig, ws } = bench;
  const folder = mkdtempSync(join(tmpdir(), "ws-quarantine-"));
  rig.server.mischief.refusesLate = (row) => row["id"] === "p2";
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 3)] });
  await rig.tick();
  rig.server.mischief = {};

  const listed = await ws("quarantine");
  const id = /\d{13}-rn\S+/.exec(listed.said)?.[0] ?? "";
  const file = join(folder, "rows.ndjson");
  const written = await ws("quarantine", "rows", id, "--to", file);
  const replayed = await ws("quarantine", "replay", "--all");
  const again = await ws("quarantine", "replay", "--all");

  expect(listed.said).toContain("cannot merge p2");
  expect(written).toMatchObject({ code: 0, said: `1 rows are in ${file}` });
  expect(JSON.parse(readFileSync(file, "utf8").trim())).toMatchObject({ id: "p2", _seq: "2" });
  expect(replayed).toMatchObject({ code: 0, said: expect.stringContaining("Replay") });
  expect(again.said).toBe("There is nothing to send again.");
  expect(rig.server.tables.profiles.has("p2")).toBe(true);
  expect((await ws("quarantine")).said).toContain("sent again");
  rmSync(folder, { recursive: true, force: true });
});

test("a fix is tested by a step, and foreign tables are adopted", async () => {
  await using bench = await terminal();
  const { rig, ws } = bench;
  rig.server.logs.set("klaviyo_profile", "lg-theirs");

  const before = await ws("connection", "adopt");
  const tested = await ws("connection", "test", "receipts");
  const checked = await ws("connection", "retry");
  const adopted = await ws("connection", "adopt");
  const after = await ws("connection", "test", "receipts");

  expect(before).toMatchObject({ code: 1, said: expect.stringContaining("nothing is there to adopt") });
  expect(tested).toMatchObject({ code: 1, said: expect.stringContaining("connection adopt") });
  expect(checked.said).toContain("FAILED");
  expect(adopted).toMatchObject({ code: 0, said: expect.stringContaining("Enabled") });
  expect(after.said).not.toContain("FAILED");
  expect((await ws("connection", "test", "nonsense")).code).toBe(2);
});

test("a preview tells rows, time and cost before anything is sent", async () => {
  await using bench = await terminal();

  const preview = await bench.ws("preview", "--history", "30d");

  expect(preview).toMatchObject({ code: 0, said: expect.stringContaining("First sync to memory, history 30d") });
  expect(preview.said).toMatch(/profiles +1 /);
});
