import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { destinations } from "../../destinations/registry.ts";
import { explain, type Output } from "../cli/output.ts";
import { UsageFault } from "../cli/session.ts";
import { count } from "../cli/text.ts";
import type { ProgressLine } from "../progress-line.ts";
import { runDemo } from "./run-demo.ts";
import { hasAddedUp, summaryText } from "./summary.ts";

interface DemoFlags {
  readonly rows: number;
  readonly to: string;
  readonly seed: number;
  readonly keep?: string | true;
}

/** Events per profile of the sample data. */
const eventsPerProfile = 3;

/** Runs `npm run demo` with its words and answers the exit code: 0 only when everything adds up. */
export async function runDemoCommand(
  words: readonly string[],
  output: Output,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<number> {
  const program = new Command("npm run demo --")
    .description("Does the main job once on sample data: SFTP upload, import, historical and periodic sync")
    .option("--rows <count>", "profiles to make; three times as many events", positive, 20_000)
    .addOption(
      new Option("--to <kind>", "warehouse; a stand-in where the real one is a cloud")
        .choices(Object.keys(destinations))
        .default("duckdb"),
    )
    .option("--seed <number>", "seed of the sample data", positive, 1)
    .option("--keep [folder]", "keep everything in a folder (default: .demo) instead of a temporary one")
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.line(text), writeErr: (text) => output.problem(text) });
  try {
    program.parse([...words], { from: "user" });
    return await play(program.opts<DemoFlags>(), output, progress, signal);
  } catch (thrown) {
    progress.end();
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = explain(signal.aborted ? signal.reason : thrown);
    output.problem(text);
    return exitCode;
  }
}

async function play(flags: DemoFlags, output: Output, progress: ProgressLine, signal: AbortSignal): Promise<number> {
  const folder = flags.keep === undefined ? mkdtempSync(join(tmpdir(), "ws-demo-")) : kept(flags.keep);
  try {
    const sizes = { profiles: flags.rows, events: flags.rows * eventsPerProfile };
    output.line(
      `Warehouse Sync demo: ${count(sizes.profiles)} profiles and ${count(sizes.events)} events, some rows wrong on purpose\n`,
    );
    const say = (line: string) => output.line(line);
    const { seed, to } = flags;
    const outcome = await runDemo({ folder, ...sizes, seed, to, say, progress, signal });
    output.line(summaryText(outcome));
    if (flags.keep !== undefined) output.line(`Everything is kept in ${folder}; look on: WS_DATA=${folder} npm start`);
    return hasAddedUp(outcome) ? 0 : 1;
  } finally {
    if (flags.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function kept(given: string | true): string {
  const folder = resolve(given === true ? ".demo" : given);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0) {
    throw new UsageFault(`${folder} is not empty; remove it, or name another: --keep <folder>`);
  }
  return folder;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("give a whole number from 1");
  return value;
}
