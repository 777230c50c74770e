import {
  type EmbeddedWorkflows,
  type ExecutionEnd,
  openWorkflows,
  type WorkflowsOptions,
} from "../../lib/platform/embedded/workflows.ts";
import { seededRandomness, type WindableClock, windableClock } from "./clock.ts";
import { writeMachine } from "./machines.ts";
import { tempFolder } from "./temp-folder.ts";

/** What a step of a test does; the input is its own business. */
export type TestStep = (input: never, signal: AbortSignal) => unknown;

/** Embedded workflows with one machine, `dispatch`, and everything they did. */
export interface WorkflowsBed extends Disposable {
  readonly workflows: EmbeddedWorkflows;
  readonly clock: WindableClock;
  readonly ends: ExecutionEnd[];
  readonly calls: string[];
  readonly waitsMs: number[];
  /** Starts the machine and answers how it ended. */
  run(input?: Record<string, unknown>): Promise<ExecutionEnd | undefined>;
}

/** Waits between tries are noted and skipped unless kept; every list in the files is `items`. */
export function workflowsBed(
  states: Parameters<typeof writeMachine>[2],
  steps: Record<string, TestStep>,
  options: Partial<WorkflowsOptions> & { items?: unknown; waits?: "skipped" | "kept" } = {},
): WorkflowsBed {
  const folder = tempFolder();
  writeMachine(folder.path, "dispatch", states);
  const [clock, ends, calls, waitsMs]: [WindableClock, ExecutionEnd[], string[], number[]] = [
    windableClock(),
    [],
    [],
    [],
  ];
  const workflows = openWorkflows({
    folder: folder.path,
    runStep: async (name, input, signal) => {
      calls.push(name);
      return steps[name]?.(input as never, signal);
    },
    files: { get: async () => new TextEncoder().encode(JSON.stringify(options.items ?? [])) },
    clock,
    randomness: seededRandomness(),
    onEnd: async (end) => void ends.push(end),
    ...(options.waits === "kept" ? {} : { wait: async (ms: number) => void waitsMs.push(ms) }),
    ...options,
  });
  let runs = 0;
  return {
    workflows,
    clock,
    ends,
    calls,
    waitsMs,
    run: async (input = {}) => {
      await workflows.start("dispatch", `run-${++runs}`, { itemsKey: "items", ...input });
      await workflows.settled();
      return ends.at(-1);
    },
    [Symbol.dispose]: () => {
      workflows[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Lets everything that can go on go on. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A step that ends only when it is told to. */
export const never = (_: never, signal: AbortSignal) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
