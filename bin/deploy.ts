/** `npm run deploy`: checks, shows what would change and what it costs, asks, deploys. */

import { installation } from "../lib/infra/project-context.ts";
import { runDeployCommand } from "../lib/operate/deploy/deploy-command.ts";
import { terminalWorld } from "../lib/operate/terminal-world.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

const world = terminalWorld(process.env, installation, interrupted.signal);
process.exitCode = await runDeployCommand(process.argv.slice(2), world, interrupted.signal);
