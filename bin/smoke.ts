/** `npm run smoke`: the main job, once, against a running installation. */
import { openProgressLine } from "../lib/local/progress-line.ts";
import { runSmokeCommand } from "../lib/operate/smoke/smoke-command.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort()).once("SIGTERM", () => interrupted.abort());

process.exitCode = await runSmokeCommand(
  process.argv.slice(2),
  {
    output: {
      line: (text) => process.stdout.write(`${text}\n`),
      problem: (text) => process.stderr.write(`${text}\n`),
    },
    progress: openProgressLine(process.stdout),
    environment: process.env,
  },
  interrupted.signal,
);
