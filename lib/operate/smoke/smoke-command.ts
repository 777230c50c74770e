import { type Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { newCommand } from "../../local/cli/new-command.ts";
import { explain, type Output } from "../../local/cli/output.ts";
import { UsageFault } from "../../local/cli/session.ts";
import { dataPaths, type Endpoint, readIfThere } from "../../local/data-folder.ts";
import type { ProgressLine } from "../../local/progress-line.ts";
import { runSmoke, type SmokeOptions } from "./run-smoke.ts";
import { SmokeStory } from "./smoke-story.ts";

/** What the command finds around it. */
export interface SmokeWorld {
  readonly output: Output;
  readonly progress: ProgressLine;
  /** Of the process; tokens may stand in `WS_OPERATOR_TOKEN`, so that no list of processes shows them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface SmokeFlags {
  readonly api?: string;
  readonly sftp?: SmokeOptions["sftp"];
  readonly operatorToken?: string;
  readonly data: string;
  readonly postgres?: string;
  readonly kind?: "duckdb";
  readonly keep?: true;
  readonly timeout: number;
  readonly poll: number;
}

const minuteMs = 60_000;

/** Runs `npm run smoke` with its words and answers the exit code: 0 when all that was tried went well. */
export async function runSmokeCommand(
  words: readonly string[],
  world: SmokeWorld,
  signal: AbortSignal,
): Promise<number> {
  const { output, progress } = world;
  const program = programOf(output);
  try {
    program.parse([...words], { from: "user" });
    const options = optionsOf(program.opts<SmokeFlags>(), world);
    output.line(`Warehouse Sync smoke test of ${options.url}\n`);
    const story = new SmokeStory((line) => output.line(line), progress);
    await runSmoke(story, options, signal);
    output.line(`\n${story.table()}\n`);
    output.line(verdictOf(story, options));
    if (signal.aborted) return 130;
    return story.hasFailed ? 1 : 0;
  } catch (thrown) {
    progress.end();
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = explain(thrown);
    output.problem(text);
    return exitCode;
  }
}

function programOf(output: Output): Command {
  return newCommand("npm run smoke --", output)
    .description(
      "Does the main job for real against a running installation, by its public doors: account, SFTP upload, import, sync, receipts. Removes what it made",
    )
    .option("--api <url>", "address of the API (default: of the system that npm start runs)")
    .option("--sftp <host:port>", "SFTP endpoint (default: as the API says), or off", sftpOf)
    .option("--operator-token <token>", "operator's token; better in WS_OPERATOR_TOKEN")
    .option("--data <folder>", "data folder of npm start, for its address and token", ".data")
    .addOption(
      new Option("--postgres <url>", "warehouse: postgres://user:password@host/database")
        .conflicts("kind")
        .argParser(postgresOf),
    )
    .addOption(new Option("--kind <kind>", "warehouse of the installation's own").choices(["duckdb"]))
    .option("--keep", "leave account, connection and tables for a look")
    .option("--timeout <minutes>", "give up after", positive, 20)
    .option("--poll <ms>", "look again after", positive, 1_000);
}

function optionsOf(flags: SmokeFlags, { environment }: SmokeWorld): SmokeOptions {
  const paths = dataPaths(flags.data);
  const isLocal = flags.api === undefined;
  const local = isLocal ? readIfThere(paths.endpoint) : undefined;
  const url = flags.api ?? (local === undefined ? undefined : (JSON.parse(local) as Endpoint).url);
  if (url === undefined) throw new UsageFault(`nothing has been started in ${flags.data}; give --api <url>`);
  if (!URL.canParse(url)) throw new UsageFault(`--api takes an address such as https://api.example.com, not ${url}`);
  const given = flags.operatorToken ?? environment["WS_OPERATOR_TOKEN"];
  const operatorToken = given ?? (isLocal ? readIfThere(paths.operatorToken)?.trim() : undefined);
  if (operatorToken === undefined) throw new UsageFault("give the operator's token in WS_OPERATOR_TOKEN");
  return {
    url,
    operatorToken,
    sftp: flags.sftp ?? null,
    warehouse: warehouseOf(flags),
    keeps: flags.keep === true,
    timeoutMs: flags.timeout * minuteMs,
    pollMs: flags.poll,
  };
}

function warehouseOf({ postgres, kind }: SmokeFlags): SmokeOptions["warehouse"] {
  if (postgres !== undefined) return { kind: "postgres", url: postgres };
  return kind === undefined ? null : { kind };
}

function verdictOf(story: SmokeStory, { keeps }: SmokeOptions): string {
  const kept = keeps ? " Everything is left as it is, as --keep asks." : "";
  if (story.hasFailed) return `The smoke test FAILED.${kept}`;
  const left = story.steps.filter(({ outcome }) => outcome === "not tried").map(({ title }) => title);
  if (left.length > 0) return `WARNING: all that was tried went well, but not tried was: ${left.join("; ")}.${kept}`;
  return `All of it went well.${kept}`;
}

function sftpOf(text: string): SmokeOptions["sftp"] {
  if (text === "off") return "off";
  const [, host, port] = /^\[?([^\s\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError("give host:port, or off");
  return { host, port: Number(port) };
}

function postgresOf(text: string): string {
  if (["postgres:", "postgresql:"].includes(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("give postgres://user:password@host:5432/database");
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("give a whole number from 1");
  return value;
}
