import { join } from "node:path";
import { type Command, Option } from "commander";
import type { AnswerOf, Client } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import { historyWindows } from "../../model/connection.ts";
import { dataObjects } from "../../model/log.ts";
import { dataPaths } from "../data-folder.ts";
import { CommandFailed, show } from "./output.ts";
import { textOf } from "./people-commands.ts";
import type { CommandContext } from "./program.ts";
import { type GlobalOptions, UsageFault } from "./session.ts";
import { printable, tableText } from "./text.ts";

type Connection = AnswerOf<Routes["GET /connections/{connectionId}"]>;
type Kind = AnswerOf<Routes["GET /destinations"]>["items"][number];

interface ConnectOptions {
  readonly set: readonly string[];
  readonly name?: string;
  readonly history: keyof typeof historyWindows;
  readonly objects?: readonly (typeof dataObjects)[number][];
  readonly metrics?: readonly string[];
  readonly exclude?: readonly string[];
  readonly prefix?: string;
  readonly wait: boolean;
}

const pollMs = 300;

/** `connect …`, `kinds` and `script`. */
export function addConnectCommands(program: Command, context: CommandContext): void {
  const { session, output } = context;
  program
    .command("kinds")
    .description("list the kinds of warehouse and their settings")
    .action(async () => {
      const opened = session();
      const page = await (await opened.account()).call("GET /destinations");
      show(output, opened.options, page, () => page.items.map(kindText).join("\n\n"));
    });
  program
    .command("connect <kind>")
    .description("connect the account to a warehouse and wait for its check")
    .option("--set <key=value>", "a setting; key=@file reads it from a file (repeat)", collected, [])
    .option("--name <name>", "what to call the connection")
    .addOption(
      new Option("--history <window>", "past to send at first").choices(Object.keys(historyWindows)).default("all"),
    )
    .addOption(new Option("--objects <objects...>", "data objects (default: both)").choices([...dataObjects]))
    .option("--metrics <names...>", "selective sync: only the events of these metrics")
    .option("--exclude <names...>", "integrations to exclude")
    .option("--prefix <prefix>", "prefix of the tables (default: klaviyo_)")
    .option("--no-wait", "do not wait for the check")
    .action(async (kind: string, options: ConnectOptions) => {
      const opened = session();
      const api = await opened.account();
      const made = await api.call("POST /connections", { body: await bodyOf(api, kind, options) });
      const ended = options.wait ? await checked(api, made.id, context) : undefined;
      const connection =
        ended ?? (await api.call("GET /connections/{connectionId}", { params: { connectionId: made.id } }));
      const account = await api.call("GET /account");
      show(output, opened.options, connection, () => connectionText(connection, account.id, opened.options));
      if (connection.status === "Unable to connect") throw new CommandFailed("the check failed");
    });
}

/** Polls until the check has ended. */
export async function checked(api: Client<Routes>, connectionId: string, context: CommandContext): Promise<Connection> {
  for (;;) {
    const connection = await api.call("GET /connections/{connectionId}", { params: { connectionId } });
    if (!connection.isChecking) return connection;
    context.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function bodyOf(api: Client<Routes>, kind: string, options: ConnectOptions) {
  const kinds = await api.call("GET /destinations");
  const form = kinds.items.find((item) => item.kind === kind);
  if (form === undefined) {
    throw new UsageFault(`there is no kind ${kind}; there are: ${kinds.items.map((item) => item.kind).join(", ")}`);
  }
  return {
    kind,
    settings: settingsOf(form, options.set),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.prefix === undefined ? {} : { tablePrefix: options.prefix }),
    selection: {
      history: options.history,
      ...(options.objects === undefined ? {} : { objects: [...options.objects] }),
      ...(options.metrics === undefined ? {} : { metrics: [...options.metrics] }),
      ...(options.exclude === undefined ? {} : { excludedIntegrations: [...options.exclude] }),
    },
  };
}

/** `key=value` words as settings of their types. */
export function settingsOf(form: Kind, words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map((word) => {
      const split = word.indexOf("=");
      const key = word.slice(0, split);
      const field = form.fields.find((each) => each.name === key);
      if (split < 1) throw new UsageFault(`--set ${word}: write key=value`);
      if (field === undefined) {
        const names = form.fields.map((each) => each.name).join(", ");
        throw new UsageFault(`--set ${key}: ${form.title} has no such setting; it has: ${names}`);
      }
      const given = word.slice(split + 1);
      const value = given.startsWith("@") ? textOf(given.slice(1)) : given;
      const type = field.schema["type"];
      if (type === "integer" || type === "number") return [key, Number(value)];
      return [key, type === "boolean" ? value === "true" : value];
    }),
  );
}

/** A connection with the steps of its check. */
export function connectionText(connection: Connection, accountId: string, options: GlobalOptions): string {
  const steps = connection.check.map((step) => [step.ok ? "ok" : "FAILED", step.step, step.detail]);
  const fixes = connection.check
    .filter((step) => !step.ok)
    .map((step) => `  ${step.code}  fix: ${printable(step.fix)}`);
  const file = connection.destination === "duckdb" ? connection.settings["file"] : undefined;
  const place = typeof file === "string" ? [`File: ${join(dataPaths(options.data).warehouses, accountId, file)}`] : [];
  return [
    `Connection ${connection.name} (${connection.id}): ${connection.status}`,
    tableText(["Check", "Step", "Detail"], steps, "not checked yet"),
    ...fixes,
    ...place,
  ].join("\n");
}

function kindText(kind: Kind): string {
  const rows = kind.fields.map((field) => [
    field.name,
    field.label,
    field.required ? "required" : field.default === null ? "optional" : `default ${field.default}`,
    field.help,
  ]);
  return `${kind.kind}: ${kind.title}\n${tableText(["--set", "Label", "", "Help"], rows)}`;
}

/** Gathers an option that may be repeated. */
export function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
