import { type Command, CommanderError } from "commander";
import { newCommand } from "../local/cli/new-command.ts";
import { CommandFailed, explain, type Output } from "../local/cli/output.ts";
import { UsageFault } from "../local/cli/session.ts";
import { printable } from "../local/cli/text.ts";
import type { Cdk, Cloud, Identity, Place } from "./world.ts";

/** The command cannot go on; `fix` says what to do. */
export class OperatorFault extends Error {
  override readonly name = "OperatorFault";
  readonly fix: string;
  /** 1 refused, 2 wrong usage. */
  readonly exitCode: number;

  constructor(message: string, fix: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** A command with `--help`, `--profile`, `--region` and `-c`, whose words go to `output`. */
export function operatorCommand(name: string, output: Output): Command {
  return newCommand(`npm run ${name} --`, output)
    .option("-c, --context <key=value>", "an option of the installation, as docs/deploy.md lists them", collect, {})
    .option("--profile <name>", "profile of the AWS configuration")
    .option("--region <name>", "region");
}

/** What `operatorCommand` collects. */
export interface OperatorFlags extends Place {
  readonly context: Readonly<Record<string, string>>;
}

function collect(word: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = word.indexOf("=");
  if (at < 1) throw new UsageFault(`-c takes key=value, not ${word}`);
  return { ...before, [word.slice(0, at)]: word.slice(at + 1) };
}

/** Runs a parsed command's work and answers its exit code, as all our commands do: 1 refused, 2 wrong usage, 130 interrupted. */
export async function runOperatorCommand<Flags extends object>(
  program: Command,
  words: readonly string[],
  output: Output,
  signal: AbortSignal,
  work: (flags: Flags) => Promise<void>,
): Promise<number> {
  try {
    program.parse([...words], { from: "user" });
    await work(program.opts<Flags>());
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = told(signal.aborted ? signal.reason : thrown);
    output.problem(text);
    return exitCode;
  }
}

function told(thrown: unknown): { readonly text: string; readonly exitCode: number } {
  if (thrown instanceof OperatorFault) {
    return { text: `${printable(thrown.message)}\n  fix: ${printable(thrown.fix)}`, exitCode: thrown.exitCode };
  }
  // Of `lib/infra`, which this room does not know; one line for each option that is wrong.
  if (thrown instanceof Error && thrown.name === "ConfigInvalid") {
    return { text: thrown.message.split("\n").map(printable).join("\n"), exitCode: 2 };
  }
  return explain(thrown);
}

/** Throws with what to do where the command line cannot speak to AWS. */
export async function signedIn(
  cloud: Cloud,
  signal: AbortSignal,
): Promise<{ readonly identity: Identity; readonly region: string }> {
  const region = await cloud.region();
  if (region === undefined) {
    throw new OperatorFault("no region is set", "give --region eu-west-1, or set AWS_REGION, or one in the profile", 2);
  }
  try {
    return { identity: await cloud.identity(signal), region };
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorFault(
      `AWS does not know who is calling: ${reason}`,
      "sign in (aws sso login --profile NAME, then --profile NAME), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      1,
      { cause: error },
    );
  }
}

/** Runs the CDK and throws where it fails; what it said stands above. */
export async function runCdk(cdk: Cdk, words: readonly string[], signal: AbortSignal): Promise<void> {
  const exitCode = await cdk.run(words, signal);
  signal.throwIfAborted();
  if (exitCode !== 0) throw new CommandFailed(`cdk ${words[0]} ended with ${exitCode}; its own words are above`);
}

/** `-c key=value` for the CDK's command line. */
export function contextWords(context: Readonly<Record<string, string>>): string[] {
  return Object.entries(context).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}

/** `--profile` and `--region` for the CDK's command line. */
export function placeWords({ profile, region }: Place): string[] {
  return [
    ...(profile === undefined ? [] : ["--profile", profile]),
    ...(region === undefined ? [] : ["--region", region]),
  ];
}
