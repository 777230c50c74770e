import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEngine } from "../lib/engine/engine.ts";
import { bareDuckDb } from "./bare.ts";
import { generateCsv } from "./generate.ts";
import { benchWarehouse } from "./warehouse.ts";
import { runWorkload } from "./workload.ts";

/** `child.ts <part> <input as JSON> <output file>`: one part of a benchmark, so that its memory is its own. */
const [part = "", input = "{}", output = ""] = process.argv.slice(2);
const given = JSON.parse(input);
writeFileSync(output, JSON.stringify(await runPart()));

async function runPart(): Promise<unknown> {
  switch (part) {
    case "generate": {
      const engine = await startEngine({ tempFolder: join(given.folder, "spill"), memoryMb: 2048 });
      const generated = await generateCsv(engine, given.folder, given);
      engine.close();
      return generated;
    }
    case "bare":
      return bareDuckDb(given.csv, given.object, given.folder);
    case "workload":
      return runWorkload(given);
    case "warehouse":
      return benchWarehouse(given);
    default:
      throw new RangeError(`no part is called ${part}`);
  }
}
