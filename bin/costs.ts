/** `npm run costs`: what an installation costs, from counted calls and published prices. */
import { sizeOfStep } from "../lib/infra/function-sizes.ts";
import { runCostsCommand } from "../lib/operate/costs/costs-command.ts";
import { readCountedRun } from "../lib/operate/costs/read-counted-run.ts";

process.exitCode = runCostsCommand(
  process.argv.slice(2),
  { run: readCountedRun(), sizeOf: sizeOfStep },
  {
    line: (text) => process.stdout.write(`${text}\n`),
    problem: (text) => process.stderr.write(`${text}\n`),
  },
);
