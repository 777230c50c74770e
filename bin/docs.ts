/** `npm run docs`: prints the tables of options, costs and warehouses into docs/; with `--check` it only says whether they are current. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { destinations, loadDestination } from "../lib/destinations/registry.ts";
import { sizeOfStep } from "../lib/infra/function-sizes.ts";
import { optionRows } from "../lib/infra/option-rows.ts";
import { readCountedRun } from "../lib/operate/costs/read-counted-run.ts";
import { generatedDocs } from "../lib/operate/docs/generated-docs.ts";

const project = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(resolve(project, path), "utf8");
const isCheck = process.argv.includes("--check");

const kinds = await Promise.all(Object.keys(destinations).map(loadDestination));
const facts = { destinations: kinds, run: readCountedRun(), sizeOf: sizeOfStep, options: optionRows() };
for (const { path, text } of generatedDocs(facts, read)) {
  if (read(path) === text) continue;
  if (!isCheck) writeFileSync(resolve(project, path), text);
  process.stdout.write(isCheck ? `${path} is out of date: npm run docs\n` : `${path} written\n`);
  if (isCheck) process.exitCode = 1;
}
