import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { destinations, loadDestination } from "../destinations/registry.ts";
import { startEngine } from "../engine/engine.ts";
import type { Deps } from "../flows/deps.ts";
import { closeExecution } from "../flows/dispatch/close-execution.ts";
import { defaultTablePrefix } from "../model/tables.ts";
import { callFunction, stepOf } from "../platform/embedded/call-function.ts";
import { openFiles } from "../platform/embedded/files.ts";
import { openSecrets } from "../platform/embedded/secrets.ts";
import type { OpenConnections } from "../platform/embedded/sftp/connections.ts";
import { embeddedSftpUsers } from "../platform/embedded/sftp/sftp-users.ts";
import { openTable } from "../platform/embedded/table.ts";
import { type EmbeddedWorkflows, openWorkflows, type WorkflowsOptions } from "../platform/embedded/workflows.ts";
import { embeddedWriters } from "../platform/embedded/writers.ts";
import { makeDial } from "../platform/network/dial.ts";
import { systemClock, systemRandomness } from "../platform/system-clock.ts";
import { dataPaths } from "./data-folder.ts";
import { openEventLog } from "./event-log.ts";
import type { LocalSettings } from "./settings.ts";

/** The ports of this process, open, and what ends them. */
export interface OpenDeps {
  readonly deps: Deps;
  /** The interpreter itself, for whoever has to know when nothing runs any more. */
  readonly workflows: EmbeddedWorkflows;
  /** Starts no more work, lets what runs end for at most `graceMs`, then stops it as if the process had died: the next start takes it up. */
  readonly drain: (graceMs: number) => Promise<void>;
  /** Closes engine and table; nothing may run any more. */
  readonly close: () => void;
}

const stateMachines = resolve(import.meta.dirname, "../../state-machines");

/** Opens every port on the data folder. `wrap` stands between flows and ports; `observe` sees what histories would record. */
export async function openDeps(
  settings: LocalSettings,
  connections: OpenConnections,
  wrap: (deps: Deps) => Deps = (deps) => deps,
  observe?: WorkflowsOptions["observe"],
): Promise<OpenDeps> {
  const paths = dataPaths(settings.dataFolder);
  await rm(paths.scratch, { recursive: true, force: true });
  await mkdir(paths.scratch, { recursive: true, mode: 0o700 });
  const log = openEventLog(settings.dataFolder, () => systemClock.now(), settings.isVerbose);
  const table = openTable(paths.table, { clock: systemClock });
  const files = openFiles(paths.files, { clock: systemClock });
  const engine = await startEngine({
    threads: settings.threads,
    memoryMb: settings.memoryMb,
    tempFolder: paths.spill,
  });
  let isDraining = false;
  const workflows: EmbeddedWorkflows = openWorkflows({
    folder: stateMachines,
    runStep: async (name, input, signal) =>
      timed(deps, stepOf(name, input), () => callFunction(deps, name, input, signal)),
    files,
    clock: systemClock,
    randomness: systemRandomness,
    ...(observe ? { observe } : {}),
    onEnd: async (end) => {
      // What our own end stops has not failed: its attempt stays open for the next start's sweep.
      if (isDraining && end.status === "ABORTED") return;
      await closeExecution(deps, end, AbortSignal.timeout(60_000));
    },
    log,
  });
  const deps: Deps = wrap({
    table,
    files,
    secrets: await openSecrets(paths.secrets),
    workflows,
    writers: embeddedWriters(() => deps),
    sftpUsers: embeddedSftpUsers(connections),
    uploadsAreWhole: true,
    isPartialUpload: async () => false,
    clock: systemClock,
    randomness: systemRandomness,
    engine,
    destination: loadDestination,
    destinationKinds: Object.keys(destinations),
    tablePrefix: defaultTablePrefix,
    // Whoever runs it on their own machine is its operator.
    allowsEndpoints: true,
    dial: makeDial({ allowPrivate: settings.allowedRanges }),
    accountFolder: (accountId) => join(paths.warehouses, accountId),
    scratchFolder: paths.scratch,
    log,
  });
  return {
    deps,
    workflows,
    drain: async (graceMs) => {
      isDraining = true;
      await workflows.drain(graceMs);
    },
    close: () => {
      engine.close();
      table[Symbol.dispose]();
    },
  };
}

/** One line per step: how long it took, and how it failed. */
async function timed(deps: Deps, name: string, run: () => Promise<unknown>): Promise<unknown> {
  const startedAt = deps.clock.now();
  let failure: { readonly failed?: string } = {};
  try {
    return await run();
  } catch (error) {
    failure = { failed: String(error) };
    throw error;
  } finally {
    deps.log("step", { name, elapsedMs: deps.clock.now() - startedAt, ...failure });
  }
}
