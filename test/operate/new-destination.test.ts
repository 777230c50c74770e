import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { newDestination } from "../../lib/operate/new-destination/new-destination.ts";
import { scratchCopy } from "../mutants/scratch-copy.ts";

const run = promisify(execFile);

/** What a command says, however it ends. */
async function said(cwd: string, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await run("npx", words, { cwd, maxBuffer: 1e8 }).catch(
    (failed: { stdout: string; stderr: string }) => failed,
  );
  return `${stdout}\n${stderr}`;
}

describe("npm run new:destination", () => {
  test("writes a kind that type-checks, is well formed, and of which the suite says what is missing", async () => {
    using copy = scratchCopy();

    const paths = newDestination(copy.path, "lakehouse");

    const types = await said(copy.path, "tsc", "-p", ".");
    expect(types.split("\n").filter((line) => line.includes("lakehouse") || line.includes("registry"))).toEqual([]);
    const style = await said(copy.path, "biome", "check", "--vcs-enabled=false", "lib/destinations/lakehouse");
    expect(style).toContain("No fixes applied");
    const suite = await said(
      copy.path,
      "vitest",
      "run",
      "test/destinations/contract.test.ts",
      "-t",
      "a lakehouse warehouse",
    );
    expect(suite).toContain("startTestbed is not written yet");
    expect(suite).not.toMatch(/Tests .*[1-9]\d* passed/);
    expect(paths).toContain("lib/destinations/lakehouse/testbed.ts");
  });

  test("keeps the registry in the order of the alphabet", () => {
    using copy = scratchCopy();

    newDestination(copy.path, "aaa");
    newDestination(copy.path, "zzz");

    const registry = readFileSync(join(copy.path, "lib/destinations/registry.ts"), "utf8");
    const kinds = [...registry.matchAll(/^ {2}(\w+): \(\) =>/gm)].map((match) => match[1] ?? "");
    expect(kinds).toEqual([...kinds].sort());
    expect([kinds[0], kinds.at(-1)]).toEqual(["aaa", "zzz"]);
  });

  test.each(["", "Postgres", "a b", "../x", "postgres", "9x"])("refuses %j", (kind) => {
    expect(() => newDestination(".", kind)).toThrow(RangeError);
  });
});
