import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";

const help = `npm run test:full -- [options]   everything at full size; about an hour on two cores

  --every N     real SIGKILL at every N-th effect of the main job (default 1: all of them; 0 leaves it out)
  --random N    real SIGKILLs at random moments (default 30)
  --seed N      of the random moments (default 1)
  --no-suite    leaves out npm test at full size
  --no-bench    leaves out the benchmark at 1,000,000 profiles and 10,000,000 events
  --help        this text

The result goes to docs/test-full.md; Ctrl-C writes what there is so far. Ends non-zero when anything failed.`;

interface Left {
  readonly outcome: unknown;
  readonly points: readonly string[];
}

interface Part {
  readonly name: string;
  readonly planned: number;
  readonly passed: number;
  readonly failures: readonly string[];
  readonly seconds: number;
}

const victim = join(import.meta.dirname, "victim.ts");
const root = join(import.meta.dirname, "../..");
let isStopping = false;

/** Kills at once: one for each core of the smallest machine we test on. */
const atOnce = 2;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      every: { type: "string", default: "1" },
      random: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
      suite: { type: "boolean", default: true },
      bench: { type: "boolean", default: true },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  process.once("SIGINT", () => {
    isStopping = true;
  });
  const parts: Part[] = [];
  if (values.suite) parts.push(await command("the test suite", ["npx", "vitest", "run"]));
  const started = performance.now();
  const golden = await leftBy(await undisturbed());
  const jobMs = performance.now() - started;
  const every = Number(values.every);
  if (every > 0) parts.push(await killAtPoints(golden, every));
  if (Number(values.random) > 0)
    parts.push(await killAtRandom(golden, Number(values.random), Number(values.seed), jobMs));
  if (values.bench) {
    const args = ["node", "bench/run.ts", "--profiles", "1000000", "--events", "10000000", "--change"];
    parts.push(await command("the benchmark at full size", ["npx", ...args]));
  }
  writeFileSync(join(root, "docs/test-full.md"), report(parts));
  console.log(`\n${report(parts)}`);
  if (parts.some((part) => part.failures.length > 0)) process.exitCode = 1;
}

async function command(name: string, [program = "", ...args]: readonly string[]): Promise<Part> {
  const started = performance.now();
  const child = spawn(program, args, { cwd: root, stdio: "inherit", env: { ...process.env, WS_FULL: "1" } });
  const code = await ended(child);
  const failures = code === 0 ? [] : [`${program} ${args.join(" ")} ended with ${code}`];
  return { name, planned: 1, passed: code === 0 ? 1 : 0, failures, seconds: (performance.now() - started) / 1000 };
}

async function killAtPoints(golden: Left, every: number): Promise<Part> {
  const points = golden.points.map((name, index) => ({ name, index })).filter(({ index }) => index % every === 0);
  const which = every === 1 ? "each" : `every ${every}th`;
  return all(
    `SIGKILL at ${which} of ${golden.points.length} points before and after effects`,
    points,
    async ({ name, index }) => {
      const folder = newFolder();
      await ended(run(folder, String(index)));
      return compare(golden, folder, `point ${index}, ${name}`);
    },
  );
}

async function killAtRandom(golden: Left, count: number, seed: number, jobMs: number): Promise<Part> {
  const moments = Array.from({ length: count }, (_, index) => fraction(seed * 1000 + index) * jobMs);
  return all("SIGKILL at a random moment", moments, async (ms) => {
    const folder = newFolder();
    const child = run(folder);
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    await ended(child);
    clearTimeout(timer);
    return compare(golden, folder, `after ${ms.toFixed(0)} ms`);
  });
}

/** Starts again after the kill and answers what is not as it should be, if anything. */
async function compare(golden: Left, folder: string, what: string): Promise<string | undefined> {
  await ended(run(folder));
  const left = await leftBy(folder).catch(() => undefined);
  if (left !== undefined && isDeepStrictEqual(left.outcome, golden.outcome)) {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  return `${what}: ${left === undefined ? "the next process did not end the job" : "another outcome"} (${folder})`;
}

async function all<T>(
  name: string,
  items: readonly T[],
  check: (item: T) => Promise<string | undefined>,
): Promise<Part> {
  const started = performance.now();
  const failures: string[] = [];
  let done = 0;
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined && !isStopping; item = waiting.shift()) {
      const failure = await check(item);
      if (failure !== undefined) failures.push(failure);
      done += 1;
      if (done % 20 === 0 || failure !== undefined)
        console.log(`${name}: ${done} of ${items.length}, ${failures.length} failed`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return {
    name,
    planned: items.length,
    passed: done - failures.length,
    failures,
    seconds: (performance.now() - started) / 1000,
  };
}

async function undisturbed(): Promise<string> {
  const folder = newFolder();
  await ended(run(folder));
  return folder;
}

function run(folder: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [victim, folder, ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", reject);
  });
}

async function leftBy(folder: string): Promise<Left> {
  return JSON.parse(readFileSync(join(folder, "outcome.json"), "utf8")) as Left;
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "ws-full-"));
}

/** The same fraction for the same number. */
function fraction(number: number): number {
  const x = Math.sin(number) * 10_000;
  return x - Math.floor(x);
}

function report(parts: readonly Part[]): string {
  const rows = parts.map(
    (part) =>
      `| ${part.name} | ${part.planned} | ${part.passed} | ${part.failures.length} | ${part.seconds.toFixed(0)} |`,
  );
  const failures = parts.flatMap((part) => part.failures.map((failure) => `- ${part.name}: ${failure}`));
  return [
    "# The last run of `npm run test:full`",
    "",
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${process.platform} ${process.arch}. A killed process is started again on its folder; it must end with the rows, counts and statuses of one that was never killed.`,
    "",
    "| part | planned | passed | failed | seconds |",
    "|---|---|---|---|---|",
    ...rows,
    ...(failures.length > 0 ? ["", ...failures] : []),
    "",
  ].join("\n");
}
