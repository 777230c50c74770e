import { readFileSync } from "node:fs";
import { Option } from "commander";
import { UsageFault } from "../../local/cli/session.ts";
import { parseSshKey } from "../../model/ssh-key.ts";
import { type OperatorFlags, operatorCommand, runOperatorCommand, signedIn } from "../operator-command.ts";
import type { OperatorWorld } from "../world.ts";
import { accountText } from "./account-text.ts";
import { type AccountWish, makeAccount } from "./make-account.ts";
import { enter, enterDeployed, type OperatorDoor } from "./operator-door.ts";

interface FirstAccountFlags extends OperatorFlags {
  readonly name: string;
  readonly user?: string;
  readonly sftpUsername?: string;
  readonly key?: string;
  readonly url?: string;
  readonly operatorToken?: string;
  readonly keepOperatorToken?: true;
}

/** Runs `npm run first-account`: opens an account with a user, a key and a token, and says how to use them. */
export async function runFirstAccountCommand(
  words: readonly string[],
  world: OperatorWorld,
  signal: AbortSignal,
): Promise<number> {
  const program = operatorCommand("first-account", world.output)
    .description("Opens an account with a user, an SSH key and a token, in AWS or (--url) anywhere")
    .requiredOption("--name <name>", "name of the account")
    .option("--user <name>", "a person who uploads")
    .option("--sftp-username <name>", "their SFTP user name (default: made from ids)")
    .option("--key <file>", "their public SSH key, a .pub file")
    .option("--url <address>", "address of the API, where it is not a stack of this AWS account")
    .addOption(new Option("--operator-token <token>", "the operator's token for --url").env("WS_OPERATOR_TOKEN"))
    .option("--keep-operator-token", "show the operator's token and let it live, instead of making it void at the end");
  return runOperatorCommand<FirstAccountFlags>(program, words, world.output, signal, async (flags) => {
    const wish = wishOf(flags);
    const door = await doorOf(flags, world, signal);
    try {
      world.output.line(accountText(door.url, await makeAccount(door, wish, signal)));
      if (flags.keepOperatorToken === true) world.output.line(`\nThe operator's token: ${door.token}`);
    } finally {
      await door.leave();
    }
  });
}

/** Everything that can be wrong with the words is found before anything is made. */
function wishOf(flags: FirstAccountFlags): AccountWish {
  const { name, user, sftpUsername, key } = flags;
  if (user === undefined && (sftpUsername !== undefined || key !== undefined)) {
    throw new UsageFault("--sftp-username and --key speak of a user; give --user");
  }
  return {
    name,
    ...(user === undefined ? {} : { user: { name: user, ...(sftpUsername === undefined ? {} : { sftpUsername }) } }),
    ...(key === undefined ? {} : { publicKey: publicKeyIn(key) }),
  };
}

function publicKeyIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageFault(`${file} cannot be read (${code}); ssh-keygen -t ed25519 makes a key and its .pub file`);
  }
  try {
    return parseSshKey(text).publicKey;
  } catch (error) {
    throw new UsageFault(
      `${file} holds no public key that is taken: ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function doorOf(flags: FirstAccountFlags, world: OperatorWorld, signal: AbortSignal): Promise<OperatorDoor> {
  const { url, operatorToken } = flags;
  if (url !== undefined) {
    if (operatorToken === undefined) throw new UsageFault("--url needs --operator-token (or WS_OPERATOR_TOKEN)");
    return enter(url, operatorToken, signal);
  }
  const name = world.installationName(flags.context);
  const { cloud } = world.open(flags);
  const { identity, region } = await signedIn(cloud, signal);
  world.output.line(`In account ${identity.account}, region ${region}, as ${identity.arn}:\n`);
  return enterDeployed(cloud, name, flags.keepOperatorToken === true, signal);
}
