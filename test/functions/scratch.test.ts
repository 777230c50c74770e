import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ownScratch } from "../../functions/scratch.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** No process has it: above the largest number that Linux gives out. */
const deadPid = 4_194_305;

test("a process finds its scratch folder empty, without what dead ones left, and leaves the living theirs", () => {
  using folder = tempFolder();
  for (const pid of [deadPid, process.ppid, process.pid]) {
    mkdirSync(join(folder.path, String(pid)));
    writeFileSync(join(folder.path, String(pid), "spill"), "x");
  }

  const own = ownScratch(folder.path);

  expect(readdirSync(own)).toEqual([]);
  expect(existsSync(join(folder.path, String(deadPid)))).toBe(false);
  expect(existsSync(join(folder.path, String(process.ppid), "spill"))).toBe(true);
});
