import { CommandFailed } from "../local/cli/output.ts";
import { OperatorFault } from "./operator-command.ts";
import type { OperatorWorld } from "./world.ts";

/** Asks for a yes. Throws where it is not given, or where nobody can be asked. */
export async function agree(world: Pick<OperatorWorld, "ask">, question: string, otherwise: string): Promise<void> {
  const answer = await world.ask(`${question} [y/N] `);
  if (answer === null) throw new OperatorFault("there is no terminal to ask at", "look at the above and add --yes");
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed(otherwise);
}

/** Asks for the installation's name, which no flag stands in for. Throws where another answer comes, or none can. */
export async function agreeByName(
  world: Pick<OperatorWorld, "ask">,
  name: string,
  what: string,
  otherwise: string,
): Promise<void> {
  const answer = await world.ask(`\nType the installation's name (${name}) ${what}: `);
  if (answer === null) throw new OperatorFault("this asks for the installation's name", "run it at a terminal");
  if (answer.trim() !== name) throw new CommandFailed(`that is not its name: ${otherwise}`);
}
