import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEngine } from "../lib/engine/engine.ts";
import { createAccount } from "../lib/flows/accounts/create-account.ts";
import { createUser } from "../lib/flows/accounts/create-user.ts";
import { createConnection } from "../lib/flows/connections/create-connection.ts";
import type { Deps } from "../lib/flows/deps.ts";
import { dispatch } from "../lib/flows/dispatch/dispatch.ts";
import { sweep } from "../lib/flows/dispatch/sweep.ts";
import { acceptUpload } from "../lib/flows/import/accept-upload.ts";
import { listImports } from "../lib/flows/import/list-imports.ts";
import { fileKeys } from "../lib/flows/store/keys.ts";
import { listSyncs } from "../lib/flows/sync/list-syncs.ts";
import { openDeps } from "../lib/local/open-deps.ts";
import { startLocalPostgres } from "../lib/local/postgres-server.ts";
import { ownNetworks } from "../lib/local/settings.ts";
import type { AccountId, UserId } from "../lib/model/ids.ts";
import type { DataObject } from "../lib/model/log.ts";
import { CountedRun } from "../lib/operate/costs/counts.ts";
import { OpenConnections } from "../lib/platform/embedded/sftp/connections.ts";
import { countingDeps, newTally, noteStep, type Tally } from "./count-calls.ts";
import { type Generated, generateCsv } from "./generate.ts";

const help = `npm run costs:count -- [options]   counts what AWS would bill for moving rows, in a run on this machine

  --rows N   rows of the large move, a quarter of them profiles (default 1000000)
  --help     this text

Writes lib/operate/costs/counted-run.json, from which npm run costs and the tables of docs/costs.md are made.`;

const never = new AbortController().signal;
const output = join(import.meta.dirname, "../lib/operate/costs/counted-run.json");

const { values } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, help: { type: "boolean", default: false } },
});
if (values.help) console.log(help);
else await main(Number(values.rows));

async function main(rows: number): Promise<void> {
  if (!Number.isSafeInteger(rows) || rows < 1_000) throw new RangeError("--rows takes a number of rows from 1000");
  const folder = mkdtempSync(join(tmpdir(), "ws-costs-"));
  try {
    const run = await countAll(folder, rows);
    writeFileSync(output, `${JSON.stringify(CountedRun.parse(run), null, 2)}\n`);
    console.log(`written: ${output}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function countAll(folder: string, rows: number): Promise<CountedRun> {
  await using bed = await openBed(folder);
  await bed.move("warm-up", 1_000);
  const small = await bed.move("small", 1_000);
  const large = await bed.move("large", rows);
  const idleHour = await bed.counted(() => bed.hour());
  const swept = await bed.counted(async (tally) => {
    await timed(tally, "sweep", () => sweep(bed.deps, {}, never));
  });
  const countedOn = new Date().toISOString().slice(0, 10);
  return { countedOn, warehouse: "postgres", cores: cpus().length, small, large, idleHour, sweep: swept };
}

interface Bed extends AsyncDisposable {
  readonly deps: Deps;
  hour(): Promise<void>;
  /** Counts one upload of both objects from the file to the receipts. */
  move(name: string, rows: number): Promise<CountedRun["large"]>;
  counted(work: (tally: Tally) => Promise<void>): Promise<Tally>;
}

/** A system with one account, whose periodic syncs to a PostgreSQL of this machine are past their historical ones. */
async function openBed(folder: string): Promise<Bed> {
  await using building = new AsyncDisposableStack();
  const postgres = building.use(await startLocalPostgres({ folder, port: 0 }));
  let tally = newTally();
  const settings = {
    ...{ dataFolder: folder, host: "127.0.0.1", httpPort: 0, sftpPort: 0, isVerbose: false },
    ...{ allowedRanges: ownNetworks, threads: 2, memoryMb: 640 },
  };
  const histories = new WeakSet<object>();
  const { deps, workflows, close } = await openDeps(
    settings,
    new OpenConnections(),
    (raw) => countingDeps(raw, () => tally),
    ({ history, kind }) => {
      // Each execution and each item of a fan-out that starts, and each state that is passed.
      if (!histories.has(history)) tally.transitions += 1;
      if (kind === "state") tally.transitions += 1;
      histories.add(history);
    },
  );
  building.defer(close);
  const { id: accountId } = await createAccount(deps, { name: "Costs" }, never);
  const { id: userId } = await createUser(deps, { accountId, name: "Costs" }, never);
  const { host, port, user: username, password, database } = postgres;
  const connection = { host, port, username, password, database, sslmode: "disable" };
  const selection = { objects: ["profiles", "events"] as DataObject[], history: "all" as const };
  await createConnection(
    deps,
    { accountId, kind: "postgres", settings: connection, tablePrefix: "klaviyo_", selection },
    never,
  );
  await workflows.settled();
  const hour = async () => {
    await dispatch(deps, { isNow: true, windowSeconds: 0 }, never);
    await workflows.settled();
  };
  let from = 0;
  const counted = async (work: (tally: Tally) => Promise<void>) => {
    const own = newTally();
    tally = own;
    await work(own);
    tally = newTally();
    return own;
  };
  const done = building.move();
  return {
    deps,
    hour,
    counted,
    move: async (name, rows) => {
      const files = await generate(folder, name, rows, from);
      from += rows;
      let sent: Awaited<ReturnType<typeof uploadBoth>> | undefined;
      const before = process.cpuUsage();
      const counts = await counted(async (own) => {
        sent = await uploadBoth(deps, own, { accountId, userId, folder, name }, files);
        await workflows.settled();
        await hour();
      });
      const { user, system } = process.cpuUsage(before);
      if (sent === undefined) throw new TypeError("nothing was sent");
      await assertArrived(deps, accountId, rows);
      console.log(`${name}: ${rows} rows, ${counts.transitions} transitions`);
      return { rows, ...sent, counts, processorSeconds: (user + system) / 1e6 };
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

async function generate(folder: string, name: string, rows: number, from: number): Promise<Generated> {
  const profiles = Math.floor(rows / 4);
  const engine = await startEngine({ tempFolder: join(folder, "generate"), memoryMb: 640 });
  const size = { profiles, events: rows - profiles, seed: 1, from };
  const files = await generateCsv(engine, join(folder, name), size);
  engine.close();
  return files;
}

async function uploadBoth(
  deps: Deps,
  tally: Tally,
  { accountId, userId, folder, name }: { accountId: AccountId; userId: UserId; folder: string; name: string },
  files: Generated,
): Promise<{ uploads: number; csvBytes: number }> {
  let csvBytes = 0;
  for (const [object, path] of [["profiles", files.profilesCsv] as const, ["events", files.eventsCsv] as const]) {
    csvBytes += statSync(path).size;
    const key = fileKeys.inbox(accountId, userId, `${object}/${name}.csv`);
    const copy = join(folder, "upload.csv");
    copyFileSync(path, copy);
    const { version } = await deps.files.put(key, { path: copy });
    // The object may be this very file: the next copy must not write into it.
    rmSync(copy);
    await timed(tally, "accept-upload", async () => {
      await acceptUpload(deps, { accountId, userId, key, version }, never);
    });
  }
  return { uploads: 2, csvBytes };
}

async function timed(tally: Tally, name: string, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await work();
  noteStep(tally, name, (performance.now() - startedAt) / 1_000);
}

/** A count of a run that did not do its job would be too low. */
async function assertArrived(deps: Deps, accountId: AccountId, rows: number): Promise<void> {
  const imports = (await listImports(deps, { accountId, limit: 2 }, never)).items;
  const bad = imports.filter((each) => each.state === "processing" || each.rowsPresent !== 0);
  if (bad.length > 0) throw new Error(`imports did not end well: ${JSON.stringify(bad)}`);
  const accepted = imports.reduce((sum, each) => sum + each.rowsAccepted, 0);
  if (accepted !== rows) throw new Error(`${accepted} rows were accepted, not ${rows}: ${JSON.stringify(imports)}`);
  const late = (await listSyncs(deps, { accountId }, never)).filter((card) => card.freshness?.isUpToDate === false);
  if (late.length > 0) throw new Error(`not all has arrived: ${JSON.stringify(late)}`);
}
