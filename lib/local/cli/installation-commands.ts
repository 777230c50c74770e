import type { Command } from "commander";
import { show } from "./output.ts";
import type { CommandContext } from "./program.ts";

/** `egress`. */
export function addInstallationCommands(program: Command, { session, output }: CommandContext): void {
  program
    .command("egress")
    .description("addresses that warehouses see connections come from, for their allow-lists")
    .action(async () => {
      const opened = session();
      const answer = await (await opened.account()).call("GET /egress-addresses");
      show(output, opened.options, answer, () => [...answer.addresses, answer.note].join("\n"));
    });
}
