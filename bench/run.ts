import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import type { DataObject } from "../lib/model/log.ts";
import type { BareTimes } from "./bare.ts";
import type { Generated } from "./generate.ts";
import type { WarehouseResult } from "./warehouse.ts";
import type { WorkloadResult } from "./workload.ts";

const help = `npm run bench -- [options]   times the main job beside bare DuckDB, on the same files, in the same run

  --profiles N   rows of the profiles workload (default 1000000; 0 leaves it out)
  --events N     rows of the events workload (default 1000000; 0 leaves it out)
  --change       then a file of 1,000 changed rows: what it writes of the state
  --to KIND      instead: stage and commit of the events into a kind of warehouse, beside the bare engine's own bulk load
  --seed N       of the generated data (default 1)
  --folder PATH  scratch folder (default bench/results/work); needs about 20 times the CSV's size
  --keep         keeps the generated CSVs for the next run
  --help         this text

The table goes to the screen, everything measured to bench/results/<time>.json. Each part runs in a process of its own.`;

const run = promisify(execFile);

interface Row {
  readonly object: DataObject;
  readonly rows: number;
  readonly csvMb: number;
  readonly ours: WorkloadResult;
  readonly bare: BareTimes;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      profiles: { type: "string", default: "1000000" },
      events: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      folder: { type: "string", default: join(import.meta.dirname, "results", "work") },
      change: { type: "boolean", default: false },
      to: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const folder = resolve(values.folder);
  mkdirSync(folder, { recursive: true });
  if (values.to !== undefined) return benchTo(values.to, Number(values.events), folder);
  const rows: Row[] = [];
  for (const object of ["profiles", "events"] as const) {
    const count = Number(values[object]);
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`--${object} takes a number of rows`);
    if (count > 0) rows.push(await compare(folder, object, count, Number(values.seed), values.change));
  }
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
  const file = join(import.meta.dirname, "results", `${new Date().toISOString().replaceAll(":", "-")}.json`);
  writeFileSync(file, JSON.stringify({ cores: cpus().length, memoryGb: totalmem() / 1e9, rows }, null, 2));
  for (const row of rows) print(row);
  console.log(`\nall figures: ${file}`);
}

async function benchTo(kind: string, events: number, folder: string): Promise<void> {
  const found = await inChild<WarehouseResult>("warehouse", { kind, events, folder: join(folder, "to") });
  rmSync(folder, { recursive: true, force: true });
  const line = (ms: number, mb: number | null) => ({
    seconds: (ms / 1000).toFixed(2),
    "rows/s": Math.round((found.rows / ms) * 1000).toLocaleString("en"),
    "MB/s": mb === null ? "" : ((mb / ms) * 1000).toFixed(0),
  });
  console.log(
    `\n${found.bed}: ${found.rows.toLocaleString("en")} events in ${found.files} files, ${found.encodedMb.toFixed(0)} MB staged`,
  );
  console.table({
    encode: line(found.encodeMs, found.encodedMb),
    stage: line(found.stageMs, found.encodedMb),
    [`commit (${found.commits})`]: line(found.commitMs, null),
    "stage and commit": line(found.stageMs + found.commitMs, null),
    ...(found.bareMs === null ? {} : { "bare bulk load": line(found.bareMs, found.encodedMb) }),
  });
  if (found.bareMs === null)
    console.log("the engine is a stand-in's: only our side says anything (encode, stage, bytes, requests)");
  else
    console.log(
      `stage and commit take ${((found.stageMs + found.commitMs) / found.bareMs).toFixed(1)} times the bare load`,
    );
  console.log(
    `sent ${found.sentMb.toFixed(1)} MB, received ${found.receivedMb.toFixed(1)} MB, ${found.requests} HTTP requests; peak memory ${found.rssMbMax} MB, stand-in included`,
  );
  const file = join(import.meta.dirname, "results", `to-${kind}-${new Date().toISOString().replaceAll(":", "-")}.json`);
  writeFileSync(file, JSON.stringify({ cores: cpus().length, memoryGb: totalmem() / 1e9, ...found }, null, 2));
  console.log(`all figures: ${file}`);
}

async function compare(
  folder: string,
  object: DataObject,
  count: number,
  seed: number,
  hasChange: boolean,
): Promise<Row> {
  console.log(`${object}: generating ${count.toLocaleString("en")} rows`);
  const size = object === "profiles" ? { profiles: count, events: 0 } : { profiles: 0, events: count };
  const data = await inChild<Generated>("generate", { folder, ...size, seed });
  const csv = object === "profiles" ? data.profilesCsv : data.eventsCsv;
  const changeSize = object === "profiles" ? { profiles: 1000, events: 0 } : { profiles: 0, events: 1000 };
  const change = hasChange ? await inChild<Generated>("generate", { folder, ...changeSize, seed: seed + 100 }) : null;
  const changeCsv = object === "profiles" ? change?.profilesCsv : change?.eventsCsv;
  console.log(`${object}: bare DuckDB`);
  const bare = await inChild<BareTimes>("bare", { csv, object, folder: join(folder, "bare") });
  console.log(`${object}: the main job`);
  const ours = await inChild<WorkloadResult>("workload", {
    csv,
    changeCsv: changeCsv ?? null,
    object,
    folder: join(folder, "ours"),
  });
  return { object, rows: count, csvMb: bare.csvBytes / 1e6, ours, bare };
}

/** Runs one part in a process of its own and answers what it printed. */
async function inChild<T>(part: string, input: object): Promise<T> {
  const output = join(import.meta.dirname, "results", `${part}.json`);
  const child = join(import.meta.dirname, "child.ts");
  await run(process.execPath, [child, part, JSON.stringify(input), output], { maxBuffer: 64 * 1024 * 1024 });
  const result = JSON.parse(readFileSync(output, "utf8")) as T;
  rmSync(output);
  return result;
}

function print({ object, rows, csvMb, ours, bare }: Row): void {
  const bareMs: Record<string, number> = {
    import: bare.importMs,
    consolidate: bare.consolidateMs,
    commit: bare.commitMs,
  };
  const totals = ours.phases.reduce((ms, phase) => ms + phase.ms, 0);
  console.log(
    `\n${object}: ${rows.toLocaleString("en")} rows, ${csvMb.toFixed(0)} MB of CSV, ${ours.rejected} rejected`,
  );
  console.table(
    Object.fromEntries(
      [...ours.phases, { name: "all", ms: totals, rssMbMax: ours.rssMbMax, readMb: null, writtenMb: null }].map(
        (phase) => [
          phase.name,
          {
            seconds: (phase.ms / 1000).toFixed(2),
            "rows/s": Math.round((rows / phase.ms) * 1000).toLocaleString("en"),
            "CSV MB/s": ((csvMb / phase.ms) * 1000).toFixed(0),
            "RSS MB": phase.rssMbMax,
            "read MB": phase.readMb ?? "",
            "written MB": phase.writtenMb ?? "",
            "bare s": bareMs[phase.name] === undefined ? "" : ((bareMs[phase.name] ?? 0) / 1000).toFixed(2),
            "ours / bare": bareMs[phase.name] === undefined ? "" : (phase.ms / (bareMs[phase.name] ?? 1)).toFixed(2),
          },
        ],
      ),
    ),
  );
  if (ours.change !== null) {
    const share = (100 * ours.change.writtenMb) / ours.change.stateMb;
    console.log(
      `1,000 more rows wrote ${ours.change.writtenMb.toFixed(2)} MB beside ${ours.change.stateMb.toFixed(1)} MB of state: ${share.toFixed(2)} %`,
    );
  }
}
