import { resolve } from "node:path";
import { type Command, CommanderError, Option } from "commander";
import { addConnectCommands } from "./connect-command.ts";
import { addConnectionCommands } from "./connection-commands.ts";
import { addInstallationCommands } from "./installation-commands.ts";
import { newCommand } from "./new-command.ts";
import { explain, type Output } from "./output.ts";
import { addPeopleCommands } from "./people-commands.ts";
import { addPreviewCommand } from "./preview-command.ts";
import { addQuarantineCommands } from "./quarantine-commands.ts";
import { type CliSession, type GlobalOptions, openSession } from "./session.ts";
import { addStatusCommands } from "./status-commands.ts";
import { addWorkCommands } from "./work-commands.ts";

/** What each command gets. */
export interface CommandContext {
  /** Reads the global options anew: they are known once the command runs. */
  readonly session: () => CliSession;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Runs one command line (without the program's name) and answers its exit code. */
export async function runCommandLine(words: readonly string[], output: Output, signal: AbortSignal): Promise<number> {
  const program = buildProgram(output, signal);
  try {
    await program.parseAsync([...words], { from: "user" });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = explain(signal.aborted ? signal.reason : thrown);
    output.problem(text);
    return exitCode;
  }
}

function buildProgram(output: Output, signal: AbortSignal): Command {
  const program = newCommand("npm run ws --", output);
  program
    .description("Warehouse Sync: drives a system started by npm start, or one in AWS by --url and --token")
    .option("--data <folder>", "data folder of the running system", ".data")
    .addOption(new Option("--url <address>", "address of its API (default: as the data folder says)").env("WS_URL"))
    .addOption(new Option("--token <token>", "bearer token (default: from the data folder)").env("WS_TOKEN"))
    .option("--account <name-or-id>", "account to speak of (default: the current one)")
    .option("--json", "answer in JSON");
  const context: CommandContext = {
    session: () => openSession(globalOptions(program), signal),
    output,
    signal,
  };
  addPeopleCommands(program, context);
  addConnectCommands(program, context);
  addConnectionCommands(program, context);
  addPreviewCommand(program, context);
  addQuarantineCommands(program, context);
  addInstallationCommands(program, context);
  addStatusCommands(program, context);
  addWorkCommands(program, context);
  return program;
}

function globalOptions(program: Command): GlobalOptions {
  const options = program.opts<GlobalOptions>();
  return { ...options, data: resolve(options.data) };
}
