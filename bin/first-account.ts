/** `npm run first-account`: opens an account with a user, a key and a token. */

import { installation } from "../lib/infra/project-context.ts";
import { runFirstAccountCommand } from "../lib/operate/first-account/first-account-command.ts";
import { terminalWorld } from "../lib/operate/terminal-world.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

const world = terminalWorld(process.env, installation, interrupted.signal);
process.exitCode = await runFirstAccountCommand(process.argv.slice(2), world, interrupted.signal);
