import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CountedRun } from "./counts.ts";

/** The counts that the repository keeps; `npm run costs:count` renews them. */
export function readCountedRun(): CountedRun {
  return CountedRun.parse(JSON.parse(readFileSync(join(import.meta.dirname, "counted-run.json"), "utf8")));
}
