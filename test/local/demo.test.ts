import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { destinations } from "../../lib/destinations/registry.ts";
import { runDemoCommand } from "../../lib/local/demo/command.ts";

const { signal } = new AbortController();
const noProgress = { show: () => {}, end: () => {} };

async function demo(...words: string[]) {
  const said: string[] = [];
  const output = { line: (text: string) => said.push(text), problem: (text: string) => said.push(text) };
  const exitCode = await runDemoCommand(words, output, noProgress, signal);
  return { exitCode, said: said.join("\n") };
}

describe("the demo", () => {
  test.for(Object.keys(destinations))("adds up with %s, through SFTP, HTTP and plain SQL", async (kind) => {
    const { exitCode, said } = await demo("--rows", "450", "--to", kind);

    expect(said).toContain("All of it adds up.");
    expect(exitCode).toBe(0);
    expect(said).toMatch(/INVALID_EMAIL \d+, INVALID_DATE \d+/);
  });

  test("keeps its folder when asked to, and does not write over another", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "ws-keep-")), "kept");

    const first = await demo("--rows", "20", "--keep", folder);
    const second = await demo("--rows", "20", "--keep", folder);

    expect(first.exitCode).toBe(0);
    expect(existsSync(join(folder, "table.sqlite"))).toBe(true);
    expect(second.exitCode).toBe(2);
    expect(second.said).toContain("is not empty");
    rmSync(join(folder, ".."), { recursive: true, force: true });
  });

  test("refuses sizes that are none", async () => {
    const { exitCode, said } = await demo("--rows", "many");

    expect(exitCode).toBe(2);
    expect(said).toContain("give a whole number from 1");
  });
});
