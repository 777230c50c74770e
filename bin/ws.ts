/** `npm run ws -- …`: drives a running system over HTTP. */
import { runCommandLine } from "../lib/local/cli/program.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    line: (text) => process.stdout.write(`${text}\n`),
    problem: (text) => process.stderr.write(`${text}\n`),
  },
  interrupted.signal,
);
