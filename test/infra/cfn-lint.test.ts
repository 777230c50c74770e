import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { installation } from "./support/installation.ts";

/** What the CDK writes twice on purpose: a DependsOn beside a reference. */
const ignored = "W3005";

function cfnLint(path: string): string | undefined {
  const folder = path.split(delimiter).find((each) => existsSync(join(each, "cfn-lint")));
  return folder === undefined ? undefined : join(folder, "cfn-lint");
}

/** Lints both templates where cfn-lint is on the path; says aloud where it is not. */
async function lint(path: string, options: Readonly<Record<string, unknown>> = {}): Promise<"passed" | "not tried"> {
  const command = cfnLint(path);
  if (command === undefined) {
    console.warn("cfn-lint is not on the PATH: the templates were NOT checked by it (pip install cfn-lint)");
    return "not tried";
  }
  const { root, data, app } = await installation(options);
  const { directory } = root.synth();
  const files = [data, app].map((stack) => join(directory, stack.templateFile));
  await promisify(execFile)(command, ["-i", ignored, "--", ...files]);
  return "passed";
}

describe("cfn-lint", () => {
  test("has no complaint about either template, where it is installed", async () => {
    const path = process.env["PATH"] ?? "";

    const outcome = await lint(path);

    expect(outcome).toBe(cfnLint(path) === undefined ? "not tried" : "passed");
  }, 300_000);

  test("is missed aloud where it is not installed", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});

    const outcome = await lint("/nowhere");

    expect(outcome).toBe("not tried");
    expect(warn.mock.calls.flat().join()).toContain("NOT checked");
    warn.mockRestore();
  });
});
