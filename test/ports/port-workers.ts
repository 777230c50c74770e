import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Files, Table } from "../../lib/flows/ports.ts";

/** How another process opens the store under test: a module whose `openStores(...args)` answers `Stores`. */
export interface StoreAddress {
  readonly module: string;
  readonly args: readonly string[];
}

export interface Stores {
  readonly table: Table;
  readonly files: Files;
}

export interface Job {
  readonly name: keyof typeof import("./port-worker.ts").jobs;
  readonly worker: number;
  readonly count: number;
}

const script = fileURLToPath(new URL("./port-worker.ts", import.meta.url));

/** Runs the same job in as many processes, all let go at one moment; answers what each returned. */
export async function race(stores: StoreAddress, job: Omit<Job, "worker">, workers: number): Promise<unknown[]> {
  const children = Array.from({ length: workers }, (_, worker) => start(stores, { ...job, worker }));
  await Promise.all(children.map((child) => messageOf(child, "ready")));
  const results = children.map((child) => messageOf(child, "result"));
  for (const child of children) child.send("go");
  return Promise.all(results);
}

function messageOf(child: ChildProcess, field: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: Record<string, unknown>) => {
      if (field in message) resolve(message[field]);
    });
    child.on("exit", (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

/** Runs a job and kills its process (SIGKILL) after so many acknowledged steps and milliseconds; answers the acknowledged ones. */
export async function untilKilled(
  stores: StoreAddress,
  job: Job,
  kill: { afterSteps: number; thenMs: number },
): Promise<number[]> {
  const child = start(stores, job);
  const acknowledged: number[] = [];
  child.on("message", (message: { ready?: true }) => message.ready && child.send("go"));
  const exit = new Promise<string | null>((resolve) => child.on("exit", (_code, signal) => resolve(signal)));
  child.on("message", (message: { step?: number }) => {
    if (message.step === undefined) return;
    acknowledged.push(message.step);
    if (acknowledged.length === kill.afterSteps) setTimeout(() => child.kill("SIGKILL"), kill.thenMs);
  });
  const signal = await exit;
  if (signal !== "SIGKILL") throw new Error(`the worker ended by itself after ${acknowledged.length} steps`);
  return acknowledged;
}

function start(stores: StoreAddress, job: Job): ChildProcess {
  return fork(script, [JSON.stringify(stores), JSON.stringify(job)], { stdio: "inherit" });
}
