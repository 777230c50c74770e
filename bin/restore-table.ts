/** `npm run restore-table`: a step of a restore or of a move to another region. */

import { installation } from "../lib/infra/project-context.ts";
import { runRestoreTableCommand } from "../lib/operate/restore/restore-table-command.ts";
import { terminalWorld } from "../lib/operate/terminal-world.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

const world = terminalWorld(process.env, installation, interrupted.signal);
process.exitCode = await runRestoreTableCommand(process.argv.slice(2), world, interrupted.signal);
