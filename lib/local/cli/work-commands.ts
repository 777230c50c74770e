import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { dataObjects } from "../../model/log.ts";
import { FolderMapping } from "../../model/mapping.ts";
import { runHourAndWait } from "../idle.ts";
import { startLocalPostgres } from "../postgres-server.ts";
import { openProgressLine } from "../progress-line.ts";
import { CommandFailed, show } from "./output.ts";
import { textOf } from "./people-commands.ts";
import type { CommandContext } from "./program.ts";
import { UsageFault } from "./session.ts";
import { importsText, syncNamed, syncsText } from "./status-commands.ts";

/** `mapping …`, `syncs …`, `tick` and `postgres`. */
export function addWorkCommands(program: Command, context: CommandContext): void {
  addMappingCommands(program, context);
  addSyncCommands(program, context);
  addTick(program, context);
  addPostgres(program, context);
}

function addMappingCommands(program: Command, { session, output }: CommandContext): void {
  const mapping = program.command("mapping").description(`how the columns of a folder's files are read`);
  mapping
    .command("set <folder> <json-or-file>")
    .description("save the mapping of /profiles or /events, as JSON or the name of a file that holds it")
    .action(async (folder: string, given: string) => {
      const opened = session();
      const api = await opened.account();
      const text = given.trimStart().startsWith("{") ? given : textOf(given);
      const body = parsedMapping(text);
      const saved = await api.call("PUT /mappings/{folder}", { params: { folder: folderNamed(folder) }, body });
      show(
        output,
        opened.options,
        saved,
        () => `Saved. It holds for files that arrive in /${folderNamed(folder)} from now on.`,
      );
    });
  mapping
    .command("show <folder>")
    .description("show the mapping of /profiles or /events")
    .action(async (folder: string) => {
      const opened = session();
      const api = await opened.account();
      const found = await api.call("GET /mappings/{folder}", { params: { folder: folderNamed(folder) } });
      show(output, opened.options, found, () => JSON.stringify(found.mapping, null, 2));
    });
}

function folderNamed(word: string): (typeof dataObjects)[number] {
  const folder = dataObjects.find((object) => object === word.replaceAll("/", ""));
  if (folder === undefined) throw new UsageFault(`there is no folder ${word}; there are /profiles and /events`);
  return folder;
}

function parsedMapping(text: string): FolderMapping {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageFault(`the mapping is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const parsed = FolderMapping.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "mapping"}: ${issue.message}`);
  throw new UsageFault(`the mapping is not valid: ${faults.join("; ")}`);
}

function addSyncCommands(program: Command, { session, output }: CommandContext): void {
  const syncs = program.command("syncs").description("what a user can do with a sync, such as profiles-periodic");
  const actions = {
    pause: "pause it at the next border of a batch",
    resume: "let it go on",
    retry: "try an errored one again now",
    "re-enable": "check the connection of a failed one and let it go on",
  } as const;
  for (const [action, description] of Object.entries(actions)) {
    syncs
      .command(`${action} <sync>`)
      .description(description)
      .action(async (name: string) => {
        const opened = session();
        const api = await opened.account();
        const params = { syncId: (await syncNamed(api, name)).id };
        const sync = await api.call(`POST /syncs/{syncId}/${action as keyof typeof actions}`, { params });
        show(output, opened.options, sync, () => syncsText([sync]));
      });
  }
  syncs
    .command("list", { isDefault: true })
    .description("list them")
    .action(async () => {
      const opened = session();
      const page = await (await opened.account()).call("GET /syncs");
      show(output, opened.options, page, () => syncsText(page.items));
    });
}

function addTick(program: Command, { session, output, signal }: CommandContext): void {
  program
    .command("tick")
    .description("run the hour now, and wait until all of it is done")
    .option("--no-wait", "only set it going")
    .action(async ({ wait }: { wait: boolean }) => {
      const opened = session();
      const operator = opened.operator();
      const runHour = () => operator.call("POST /tick");
      if (!wait) {
        const started = await runHour();
        return show(output, opened.options, started, () => `The hour runs (${started.execution}).`);
      }
      const line = openProgressLine(process.stderr);
      const { imports, syncs, connections } = await runHourAndWait(await opened.account(), runHour, {
        signal,
        onLook: (_, working) => line.show(working),
      });
      line.end();
      show(output, opened.options, { imports, syncs, connections }, () =>
        ["Syncs", syncsText(syncs), "", "Imports (latest 10)", importsText(imports.slice(0, 10))].join("\n"),
      );
      const bad = syncs.filter((sync) => sync.status === "Errored" || sync.status === "Failed");
      if (bad.length > 0) throw new CommandFailed(`${bad.length} syncs did not end well; see: npm run ws -- errors`);
    });
}

function addPostgres(program: Command, { session, output, signal }: CommandContext): void {
  program
    .command("postgres")
    .description("run a PostgreSQL server of its own on loopback, to try with, until Ctrl-C")
    .addOption(new Option("--port <port>", "where it listens; 0 takes a free one").default("5433"))
    .action(async ({ port }: { port: string }) => {
      const opened = session();
      await using server = await startLocalPostgres({ folder: resolve(opened.options.data), port: Number(port) });
      const { host, user, password, database } = server;
      const settings = { host, port: server.port, database, username: user, password, sslmode: "disable" };
      const words = Object.entries(settings).map(([key, value]) => `--set ${key}=${value}`);
      show(output, opened.options, settings, () =>
        [
          `PostgreSQL runs on ${host}:${server.port}; Ctrl-C ends it, its data stays.`,
          `  psql: postgresql://${user}:${password}@${host}:${server.port}/${database}`,
          "To connect to it, in another terminal:",
          `  npm run ws -- connect postgres ${words.join(" ")}`,
        ].join("\n"),
      );
      await new Promise<void>((done) => {
        if (signal.aborted) done();
        signal.addEventListener("abort", () => done(), { once: true });
      });
    });
}
