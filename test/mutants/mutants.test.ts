import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { patched } from "./patch.ts";

describe("npm run test:mutants", () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))("can take out: %s", (_name, mutant) => {
    const text = readFileSync(mutant.file, "utf8");

    expect(patched(text, mutant)).not.toBe(text);
    for (const file of mutant.caughtBy.files) expect(existsSync(file), file).toBe(true);
  });

  test("says so where the code has moved", () => {
    const moved = { name: "gone", file: "x.ts", find: "no such text", replace: "" };

    expect(() => patched("some text", moved)).toThrow("the code has moved");
    expect(() => patched("no such text, no such text", moved)).toThrow("stands 2 times");
  });
});
