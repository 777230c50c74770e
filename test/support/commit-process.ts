import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CommitChildRequest } from "./commit-child.ts";
import { kindOf, type WarehouseRig } from "./warehouse-rig.ts";

/** A process of its own that commits a batch and stands still at one step of it. */
export interface CommitProcess extends AsyncDisposable {
  /** Resolves when it stands there; false when it ended without coming by. */
  readonly reached: Promise<boolean>;
  /** How its commit came out: `committed`, or the code of its failure; empty where it was killed. */
  readonly outcome: Promise<string>;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts one on a testbed's warehouse. Disposing kills it. */
export function commitProcess(
  bed: string,
  rig: WarehouseRig,
  request: Pick<CommitChildRequest, "batch" | "fence" | "step" | "moment" | "stops">,
): CommitProcess {
  const { settings, folder, handle, target } = rig.bed;
  const about = { kind: kindOf(bed), settings, folder, handle, ...(target === undefined ? {} : { target }) };
  const whole: CommitChildRequest = { ...about, ...request };
  const script = join(import.meta.dirname, "commit-child.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(whole)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const said: string[] = [];
  const reached = Promise.withResolvers<boolean>();
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    if (line === "reached") reached.resolve(true);
    else said.push(line);
  });
  const outcome = Promise.all([ended, once(lines, "close")]).then(() => {
    reached.resolve(false);
    return said.join(" ");
  });
  return {
    reached: reached.promise,
    outcome,
    resume: () => void child.kill("SIGCONT"),
    kill: () => killed(child, ended),
    [Symbol.asyncDispose]: () => killed(child, ended),
  };
}

async function killed(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}
