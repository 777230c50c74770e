import { Command } from "commander";
import type { Output } from "./output.ts";

/** A command all of whose words, help and complaints included, go to `output`, and which throws instead of ending the process. */
export function newCommand(name: string, output: Output): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => output.problem(text.trimEnd()),
    })
    .showHelpAfterError("(--help shows how)");
}
