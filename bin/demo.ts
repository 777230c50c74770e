/** `npm run demo`: the main job, once, on sample data. */
import { runDemoCommand } from "../lib/local/demo/command.ts";
import { openProgressLine } from "../lib/local/progress-line.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

process.exitCode = await runDemoCommand(
  process.argv.slice(2),
  {
    line: (text) => process.stdout.write(`${text}\n`),
    problem: (text) => process.stderr.write(`${text}\n`),
  },
  openProgressLine(process.stdout),
  interrupted.signal,
);
