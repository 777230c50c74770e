import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startEngine } from "../../lib/engine/engine.ts";
import { createAccount } from "../../lib/flows/accounts/create-account.ts";
import { createConnection } from "../../lib/flows/connections/create-connection.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { listedRuns } from "../../lib/flows/store/runs.ts";
import { getSyncRecord, syncIdOf } from "../../lib/flows/store/syncs.ts";
import { closeRun, takeUpDead } from "../../lib/flows/sync/close-run.ts";
import type { Connection } from "../../lib/model/connection.ts";
import type { AccountId, ConnectionId } from "../../lib/model/ids.ts";
import type { DataObject } from "../../lib/model/log.ts";
import type { SyncMode, SyncRecord } from "../../lib/model/sync.ts";
import { callFunction, stepOf } from "../../lib/platform/embedded/call-function.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openSecrets } from "../../lib/platform/embedded/secrets.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { embeddedWriters } from "../../lib/platform/embedded/writers.ts";
import { anySignal } from "./account-rig.ts";
import type { LoggedEvent } from "./bare-deps.ts";
import { seededRandomness, type WindableClock, windableClock } from "./clock.ts";
import { historyMeter } from "./history-meter.ts";
import { type KillPlan, type KillPoints, withKillPoints } from "./kill-points.ts";
import { MemoryServer } from "./memory-warehouse.ts";
import { tempFolder } from "./temp-folder.ts";

/** One process of the product, as far as syncs go: its workflows end with it. */
export interface SyncProcess extends Disposable {
  readonly deps: Deps;
  readonly kills: KillPoints;
  /** Longest history and largest payload of its executions. */
  readonly meter: ReturnType<typeof historyMeter>;
  /** Resolves when nothing runs any more, or the process was killed. */
  settled(): Promise<void>;
}

/** The sync machines over a warehouse in memory: what outlives a process, and a process to work with. */
export interface SyncRig extends AsyncDisposable {
  readonly clock: WindableClock;
  readonly server: MemoryServer;
  readonly events: LoggedEvent[];
  readonly accountId: AccountId;
  readonly deps: Deps;
  readonly meter: ReturnType<typeof historyMeter>;
  /** Stands around each step that a machine calls, where a test sets it. */
  readonly steps: StepHooks;
  /** Another process over the same stores; the one before is left as it is. */
  process(plan?: KillPlan): SyncProcess;
  settled(): Promise<void>;
  /** Winds to the next hour and starts what is due. */
  tick(): Promise<void>;
  connect(more?: Partial<Parameters<typeof createConnection>[1]>): Promise<Connection>;
  sync(object: DataObject, mode: SyncMode): Promise<SyncRecord>;
}

export interface StepHooks {
  around?: (step: string, run: () => Promise<unknown>) => Promise<unknown>;
}

const nothing = async () => undefined;

/** Runs the syncs of one account on a clock that stands still but for the machines' own waits. */
export async function syncRig(seed = 1, given: Partial<Deps> = {}): Promise<SyncRig> {
  const folder = tempFolder();
  const clock = windableClock();
  mkdirSync(join(folder.path, "scratch"));
  const engine = await startEngine({ tempFolder: join(folder.path, "spill"), threads: 2, memoryMb: 256 });
  const table = openTable(join(folder.path, "table.sqlite"), { clock, survives: "process" });
  const secrets = await openSecrets(join(folder.path, "secrets"));
  const files = openFiles(join(folder.path, "files"), { clock });
  const server = new MemoryServer(engine, clock);
  const events: LoggedEvent[] = [];
  const randomness = seededRandomness(seed);
  const shared: Omit<Deps, "workflows" | "writers"> = {
    table,
    clock,
    secrets,
    files,
    randomness,
    engine,
    destination: async () => server.destination,
    destinationKinds: ["memory"],
    dial: () => Promise.reject(new TypeError("a warehouse in memory is not dialled")),
    accountFolder: () => join(folder.path, "account"),
    scratchFolder: join(folder.path, "scratch"),
    sftpUsers: { createUser: nothing, addKey: nothing, removeKey: nothing, removeUser: nothing },
    uploadsAreWhole: true,
    tablePrefix: "klaviyo_",
    isPartialUpload: async () => false,
    log: (event, fields) => events.push({ event, ...fields }),
    ...given,
  };
  const processes: SyncProcess[] = [];
  const hooks: StepHooks = {};
  const process = (plan: KillPlan = "record") => {
    const started = startProcess(shared, { clock, hooks }, plan);
    processes.push(started);
    return started;
  };
  const main = process();
  const account = await createAccount(main.deps, { name: "Rig Ltd" }, anySignal);
  let connection: ConnectionId | undefined;
  return {
    clock,
    server,
    events,
    accountId: account.id,
    deps: main.deps,
    meter: main.meter,
    steps: hooks,
    process,
    settled: () => main.settled(),
    tick: async () => {
      clock.wind(60 * 60_000 - (clock.now() % (60 * 60_000)));
      await startDueSyncs(main.deps, { accountId: account.id }, anySignal);
      await main.settled();
    },
    connect: async (more = {}) => {
      const settings = { host: "memory", password: "right" };
      const made = await createConnection(
        main.deps,
        { accountId: account.id, kind: "memory", settings, selection: {}, ...more },
        anySignal,
      );
      connection = made.id;
      await main.settled();
      return made;
    },
    sync: (object, mode) => {
      if (connection === undefined) throw new TypeError("nothing is connected yet");
      return getSyncRecord(main.deps.table, account.id, syncIdOf(connection, object, mode));
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of processes) each[Symbol.dispose]();
      await Promise.all(processes.map((each) => each.settled()));
      table[Symbol.dispose]();
      engine.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Takes up what a killed process left, as the sweep does at start-up. */
export async function takeUpAll(deps: Deps): Promise<void> {
  for (const ref of await listedRuns(deps.table, "open-runs")) await takeUpDead(deps, ref, anySignal);
}

function startProcess(
  shared: Omit<Deps, "workflows" | "writers">,
  { clock, hooks }: { readonly clock: WindableClock; readonly hooks: StepHooks },
  plan: KillPlan,
): SyncProcess {
  const meter = historyMeter();
  const raw = openWorkflows({
    folder: "state-machines",
    runStep: async (name, input, signal) => {
      const run = () => callFunction(kills.deps, name, input, signal);
      return hooks.around === undefined ? run() : hooks.around(stepOf(name, input), run);
    },
    files: shared.files,
    clock,
    randomness: shared.randomness,
    log: shared.log,
    onEnd: (end) => closeRun(kills.deps, end, anySignal),
    observe: meter.observe,
    // Waiting is winding: nobody sits through a backoff.
    wait: async (ms) => clock.wind(Math.ceil(ms)),
  });
  const writers = embeddedWriters(() => kills.deps);
  const kills: KillPoints = withKillPoints({ ...shared, workflows: raw, writers }, plan);
  void kills.killed.then(() => raw[Symbol.dispose]());
  return {
    deps: kills.deps,
    kills,
    meter,
    settled: () => raw.settled(),
    [Symbol.dispose]: () => raw[Symbol.dispose](),
  };
}
