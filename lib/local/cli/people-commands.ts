import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { show } from "./output.ts";
import type { CommandContext } from "./program.ts";
import { UsageFault } from "./session.ts";
import { tableText } from "./text.ts";

/** `account …`, `user …` and `key …`. */
export function addPeopleCommands(program: Command, context: CommandContext): void {
  addAccountCommands(program, context);
  addUserCommands(program, context);
  addKeyCommands(program, context);
}

function addAccountCommands(program: Command, context: CommandContext): void {
  const { session, output } = context;
  const account = program.command("account").description("accounts (tenants); the one made last is the current one");
  account
    .command("create <name>")
    .description("open an account and make it the current one")
    .action(async (name: string) => {
      const opened = session();
      const made = await opened.operator().call("POST /accounts", { body: { name } });
      await opened.use(made.id);
      show(output, opened.options, made, () => `Account ${made.name} (${made.id}) is open, and the current one.`);
    });
  account
    .command("list")
    .description("list the accounts")
    .action(async () => {
      const opened = session();
      const page = await opened.operator().call("GET /accounts", { query: { limit: 100 } });
      const rows = page.items.map((item) => [item.name, item.id, item.createdAt]);
      show(output, opened.options, page, () => tableText(["Name", "Id", "Created"], rows));
    });
  account
    .command("use <name-or-id>")
    .description("make an account the current one")
    .action(async (nameOrId: string) => {
      const opened = session();
      const { id, name } = await opened.use(nameOrId);
      show(output, opened.options, { id, name }, () => `The current account is ${name} (${id}).`);
    });
  addAccountRemoval(account, context);
}

function addAccountRemoval(account: Command, { session, output }: CommandContext): void {
  account
    .command("remove <name-or-id>")
    .description("remove an account with its users, files and history; its warehouse's tables stay")
    .option("--yes", "really: nothing brings it back")
    .action(async (nameOrId: string, given: { yes?: true }) => {
      const opened = session();
      const { id, name } = await opened.listed(nameOrId);
      if (given.yes !== true) {
        throw new UsageFault(`this removes ${name} (${id}) with its users, files and history for good; add --yes`);
      }
      await opened.operator().call("DELETE /accounts/{accountId}", { params: { accountId: id } });
      opened.forget(id);
      show(
        output,
        opened.options,
        { removed: id },
        () => `Account ${name} (${id}) is removed; its files go within a day.`,
      );
    });
}

function addUserCommands(program: Command, { session, output }: CommandContext): void {
  const user = program.command("user").description("people of the account, who upload over SFTP");
  user
    .command("create <name>")
    .description("add a person to the account")
    .option("--sftp-username <name>", "their SFTP user name (default: made from ids)")
    .action(async (name: string, given: { sftpUsername?: string }) => {
      const opened = session();
      const account = await (await opened.account()).call("GET /account");
      const made = await opened.operator().call("POST /accounts/{accountId}/users", {
        params: { accountId: account.id },
        body: given.sftpUsername === undefined ? { name } : { name, sftpUsername: given.sftpUsername },
      });
      show(output, opened.options, made, () =>
        [
          `User ${made.name} (${made.id}) of ${account.name}; SFTP user name: ${made.sftpUsername}`,
          `Next: npm run ws -- key add ${made.sftpUsername} <file.pub>`,
        ].join("\n"),
      );
    });
  user
    .command("list")
    .description("list the people of the account")
    .action(async () => {
      const opened = session();
      const page = await (await opened.account()).call("GET /users", { query: { limit: 100 } });
      const rows = page.items.map((item) => [item.name, item.sftpUsername, item.id]);
      show(output, opened.options, page, () => tableText(["Name", "SFTP user name", "Id"], rows));
    });
}

function addKeyCommands(program: Command, { session, output }: CommandContext): void {
  const key = program.command("key").description("SSH keys of a user (by name, SFTP user name or id)");
  key
    .command("add <user> <public-key-file>")
    .description("let a user in by an SSH key: the .pub file that ssh-keygen made")
    .option("--title <title>", "what to call the key (default: the file's name)")
    .action(async (user: string, file: string, given: { title?: string }) => {
      const opened = session();
      const api = await opened.account();
      const found = await userOf(api, user);
      const title = given.title ?? file.split("/").at(-1) ?? "key";
      const body = { title, publicKey: textOf(file).trim() };
      const made = await api.call("POST /users/{userId}/keys", { params: { userId: found.id }, body });
      const sftp = await api.call("GET /sftp");
      show(output, opened.options, made, () =>
        [
          `Key ${made.title} (${made.fingerprint}) lets ${found.sftpUsername} in.`,
          `Next: sftp -P ${sftp.port} ${found.sftpUsername}@${sftp.host}   (host key ${sftp.hostKeyFingerprint})`,
        ].join("\n"),
      );
    });
  key
    .command("list <user>")
    .description("list the keys of a user")
    .action(async (user: string) => {
      const opened = session();
      const api = await opened.account();
      const { id: userId } = await userOf(api, user);
      const page = await api.call("GET /users/{userId}/keys", { params: { userId } });
      const rows = page.items.map((item) => [item.title, item.fingerprint, item.id]);
      show(output, opened.options, page, () => tableText(["Title", "Fingerprint", "Id"], rows));
    });
  key
    .command("remove <user> <key-id>")
    .description("shut a key out at once")
    .action(async (user: string, keyId: string) => {
      const opened = session();
      const api = await opened.account();
      const { id: userId } = await userOf(api, user);
      await api.call("DELETE /users/{userId}/keys/{keyId}", { params: { userId, keyId } });
      show(output, opened.options, { removed: keyId }, () => `Key ${keyId} is removed.`);
    });
}

async function userOf(api: Client<Routes>, name: string): Promise<{ id: string; sftpUsername: string }> {
  const { items } = await api.call("GET /users", { query: { limit: 100 } });
  const found = items.filter((user) => [user.id, user.name, user.sftpUsername].includes(name));
  const [user] = found;
  if (user === undefined) throw new UsageFault(`the account has no user ${name}; see: npm run ws -- user list`);
  if (found.length > 1) throw new UsageFault(`${found.length} users are called ${name}; give the SFTP user name`);
  return user;
}

/** The content of a file that the user named. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageFault(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
