import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Mutant, mutants } from "./mutants.ts";
import { patched } from "./patch.ts";
import { scratchCopy } from "./scratch-copy.ts";

const help = `npm run test:mutants -- [options]   takes one promise after another out of a copy of the sources, and sees whether the suite notices

  --only TEXT    only mutants whose name holds the text
  --help         this text

Ends non-zero when a mutant survives, or when the tests that must catch it fail without it too.`;

/** What was found of tests without a mutant. */
const sound = new Map<string, boolean>();

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, help: { type: "boolean", default: false } },
});
if (values.help) console.log(help);
else main(mutants.filter(({ name }) => name.includes(values.only)));

interface Verdict {
  readonly verdict: "killed" | "SURVIVED" | "NOT SOUND";
  readonly seconds: number;
}

function main(chosen: readonly Mutant[]): void {
  using copy = scratchCopy();
  const table: Record<string, Verdict> = {};
  for (const mutant of chosen) {
    const started = performance.now();
    const verdict = tryOut(copy.path, mutant);
    table[mutant.name] = { verdict, seconds: Math.round((performance.now() - started) / 1_000) };
    console.log(`${verdict.padEnd(9)} ${mutant.name}`);
  }
  console.table(table);
  const bad = Object.values(table).filter(({ verdict }) => verdict !== "killed").length;
  console.log(`${chosen.length - bad} of ${chosen.length} mutants killed`);
  if (bad > 0) process.exitCode = 1;
}

/** The tests pass on the sources as they are, and fail on the mutant. */
function tryOut(copy: string, mutant: Mutant): Verdict["verdict"] {
  const path = join(copy, mutant.file);
  const whole = readFileSync(path, "utf8");
  if (!passes(copy, mutant, false)) return "NOT SOUND";
  writeFileSync(path, patched(whole, mutant));
  const survives = passes(copy, mutant, true);
  writeFileSync(path, whole);
  return survives ? "SURVIVED" : "killed";
}

function passes(copy: string, { caughtBy: { files, tests } }: Mutant, isMutant: boolean): boolean {
  const key = `${files.join()} ${tests}`;
  const known = isMutant ? undefined : sound.get(key);
  if (known !== undefined) return known;
  const words = ["vitest", "run", "--bail=1", "--passWithNoTests=false", ...files, "-t", tests];
  const { status, stdout } = spawnSync("npx", words, { cwd: copy, encoding: "utf8" });
  const ran = /Tests .*(passed|failed)/.test(stdout);
  if (!isMutant) sound.set(key, status === 0 && ran);
  return status === 0 && ran;
}
