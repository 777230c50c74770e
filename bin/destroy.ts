/** `npm run destroy`: takes the app stack away, and with `--data` what was stored. */

import { installation } from "../lib/infra/project-context.ts";
import { runDestroyCommand } from "../lib/operate/destroy/destroy-command.ts";
import { terminalWorld } from "../lib/operate/terminal-world.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

const world = terminalWorld(process.env, installation, interrupted.signal);
process.exitCode = await runDestroyCommand(process.argv.slice(2), world, interrupted.signal);
