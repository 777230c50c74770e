import { createInterface } from "node:readline/promises";
import { operatorCloud } from "../platform/aws/operator-cloud.ts";
import { cdkCommand } from "./cdk-command.ts";
import type { OperatorWorld, Place } from "./world.ts";

type Environment = Record<string, string | undefined>;

/** The world of a command that is run in a terminal. `environment` is the process's own, into which profile and region are written: the SDK reads them there. */
export function terminalWorld(
  environment: Environment,
  facts: Pick<OperatorWorld, "installationName" | "assemblyFolder">,
  signal: AbortSignal,
): OperatorWorld {
  return {
    ...facts,
    output: {
      line: (text) => process.stdout.write(`${text}\n`),
      problem: (text) => process.stderr.write(`${text}\n`),
    },
    ask: async (question) => {
      if (!process.stdin.isTTY) return null;
      const terminal = createInterface({ input: process.stdin, output: process.stdout });
      // In a question Ctrl-C is a key; passed on, it is the interrupt that it is everywhere else.
      terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
      try {
        return await terminal.question(question, { signal });
      } finally {
        terminal.close();
      }
    },
    open: (place) => {
      writePlace(environment, place);
      return { cloud: operatorCloud(), cdk: cdkCommand(environment) };
    },
  };
}

function writePlace(environment: Environment, { profile, region }: Place): void {
  if (profile !== undefined) environment["AWS_PROFILE"] = profile;
  if (region !== undefined) {
    environment["AWS_REGION"] = region;
    environment["AWS_DEFAULT_REGION"] = region;
  }
}
