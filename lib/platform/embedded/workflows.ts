import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, ExecutionStatus, Files, Randomness, WorkflowName, Workflows } from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { secondMs } from "../../model/time.ts";
import { checkExecution } from "../execution-rules.ts";
import { type ExecutionDeps, type Happening, type RunStep, runMachine } from "./asl-execution.ts";
import { failureOf } from "./asl-failure.ts";
import { type Machine, parseMachine, prepareMachine } from "./asl-machine.ts";
import { TaskSlots } from "./task-slots.ts";

/** How an execution ended, for the hook that stands in for EventBridge's rule on execution status. */
export interface ExecutionEnd {
  readonly machine: WorkflowName;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly status: Exclude<ExecutionStatus, "RUNNING">;
  /** Of FAILED: the error's name and the cause. */
  readonly error?: { readonly name: string; readonly cause: string };
}

export interface WorkflowsOptions {
  /** Folder of the `<machine>.asl.json` files. */
  readonly folder: string;
  readonly runStep: RunStep;
  readonly files: Pick<Files, "get">;
  readonly clock: Clock;
  readonly randomness: Pick<Randomness, "fraction">;
  /** Called once for each execution that ended, when its last step has. Its failures go to `log`. */
  readonly onEnd?: (end: ExecutionEnd) => Promise<void>;
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Between tries and in Wait states. @default clock.sleep */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Steps that run at once, over all executions. @default 2 */
  readonly tasksAtOnceMax?: number;
  /** Items of one map that run at once, whatever the machine allows. @default 2 */
  readonly itemsAtOnceMax?: number;
  /** For tests that count events and payloads. */
  readonly observe?: (happening: Happening) => void;
}

/** `Workflows` in this process, with what its owner needs to end it. */
export interface EmbeddedWorkflows extends Workflows, Disposable {
  /** Starts nothing more, waits up to `ms` for what runs, then stops it; resolves when every step and hook has ended. */
  drain(ms: number): Promise<void>;
  /** Resolves when nothing runs any more, also not what was started meanwhile. */
  settled(): Promise<void>;
  /** Ends all at once, without hooks, as a killed process would. */
  [Symbol.dispose](): void;
}

interface Execution {
  readonly input: Readonly<Record<string, unknown>>;
  readonly stop: AbortController;
  status: ExecutionStatus;
  ended: Promise<void>;
}

/** Names of ended executions that are remembered; Step Functions remembers them for 90 days. */
const endedRememberedMax = 20_000;

/** Runs `state-machines/*.asl.json` in this process. What runs is forgotten when the process ends: the sweep starts it again. */
export function openWorkflows(options: WorkflowsOptions): EmbeddedWorkflows {
  return new InterpretedWorkflows(options);
}

class InterpretedWorkflows implements EmbeddedWorkflows {
  readonly #options: WorkflowsOptions;
  readonly #deps: ExecutionDeps;
  readonly #machines = new Map<WorkflowName, Machine>();
  readonly #executions = new Map<string, Execution>();
  readonly #running = new Set<Execution>();
  #isClosed = false;
  #isForgotten = false;

  constructor(options: WorkflowsOptions) {
    this.#options = options;
    this.#deps = {
      runStep: options.runStep,
      files: options.files,
      clock: options.clock,
      randomness: options.randomness,
      wait: options.wait ?? ((ms, signal) => options.clock.sleep(ms, signal)),
      slots: new TaskSlots(options.tasksAtOnceMax ?? 2),
      itemsAtOnceMax: options.itemsAtOnceMax ?? 2,
      ...(options.observe ? { observe: options.observe } : {}),
    };
  }

  async start(
    machine: WorkflowName,
    name: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<"started" | "exists"> {
    const text = JSON.stringify(input);
    checkExecution(name, text);
    if (this.#executions.has(keyOf(machine, name))) return "exists";
    if (this.#isClosed) throw new SyncError("ABORTED", { message: "the process is about to end and starts nothing" });
    this.#launch(machine, name, JSON.parse(text), this.#machine(machine));
    return "started";
  }

  async stop(machine: WorkflowName, name: string): Promise<void> {
    this.#executions.get(keyOf(machine, name))?.stop.abort(new SyncError("ABORTED"));
  }

  async describe(machine: WorkflowName, name: string): Promise<ExecutionStatus | undefined> {
    const execution = this.#executions.get(keyOf(machine, name));
    return execution?.status === "RUNNING" && execution.stop.signal.aborted ? "ABORTED" : execution?.status;
  }

  async drain(ms: number): Promise<void> {
    this.#isClosed = true;
    const cancel = new AbortController();
    const late = this.#options.clock.sleep(ms, cancel.signal).catch(() => {});
    await Promise.race([this.settled(), late]);
    cancel.abort();
    for (const execution of this.#running) execution.stop.abort(new SyncError("ABORTED"));
    await this.settled();
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running].map((execution) => execution.ended));
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#isForgotten = true;
    for (const execution of this.#running) execution.stop.abort(new SyncError("ABORTED"));
  }

  #machine(name: WorkflowName): Machine {
    let machine = this.#machines.get(name);
    if (machine === undefined) {
      const text = readFileSync(join(this.#options.folder, `${name}.asl.json`), "utf8");
      machine = prepareMachine(parseMachine(text, { Bucket: "local", Writer: "writer-{}" }));
      this.#machines.set(name, machine);
    }
    return machine;
  }

  #launch(name: WorkflowName, execution: string, input: Execution["input"], machine: Machine): void {
    const launched: Execution = {
      input,
      stop: new AbortController(),
      status: "RUNNING",
      ended: Promise.resolve(),
    };
    this.#executions.set(keyOf(name, execution), launched);
    this.#running.add(launched);
    launched.ended = this.#run(name, execution, launched, machine);
    this.#forgetOldest();
  }

  async #run(machine: WorkflowName, name: string, execution: Execution, definition: Machine): Promise<void> {
    const steps = new Set<Promise<unknown>>();
    const runStep: RunStep = (step, input, signal) => {
      const running = Promise.resolve().then(() => this.#options.runStep(step, input, signal));
      const settled = running.catch(() => {});
      steps.add(settled);
      void settled.then(() => steps.delete(settled));
      return running;
    };
    const context = { Execution: { Name: name, Id: `${machine}:${name}` } };
    const end = await this.#outcome(definition, execution, { ...this.#deps, runStep }, context);
    // A step that was told to stop may take a moment; the hook must not run beside it.
    while (steps.size > 0) await Promise.all(steps);
    execution.status = end.status;
    await this.#report({ machine, name, input: execution.input, ...end });
    this.#running.delete(execution);
  }

  async #outcome(
    machine: Machine,
    execution: Execution,
    deps: ExecutionDeps,
    context: { readonly Execution: { readonly Name: string; readonly Id: string } },
  ): Promise<Pick<ExecutionEnd, "status" | "error">> {
    const timeout = new AbortController();
    const signal = AbortSignal.any([execution.stop.signal, timeout.signal]);
    const over = new AbortController();
    if (machine.timeoutSeconds !== undefined) {
      const timeoutMs = machine.timeoutSeconds * secondMs;
      const expire = () => timeout.abort(new SyncError("ABORTED", { message: "the execution has taken too long" }));
      void this.#options.clock.sleep(timeoutMs, over.signal).then(expire, () => {});
    }
    try {
      await runMachine(deps, machine, execution.input, context, signal);
      return { status: "SUCCEEDED" };
    } catch (thrown) {
      if (execution.stop.signal.aborted) return { status: "ABORTED" };
      if (timeout.signal.aborted) return { status: "TIMED_OUT" };
      const failure = failureOf(thrown instanceof Error && thrown.name === "ExecutionError" ? thrown.cause : thrown);
      return { status: "FAILED", error: { name: failure.name, cause: failure.message } };
    } finally {
      over.abort();
    }
  }

  async #report(end: ExecutionEnd): Promise<void> {
    if (this.#isForgotten) return;
    const { machine, name, status, error } = end;
    this.#options.log?.("execution-ended", {
      machine,
      name,
      status,
      ...(error ? { error: error.name, cause: error.cause } : {}),
    });
    try {
      await this.#options.onEnd?.(end);
    } catch (thrown) {
      this.#options.log?.("execution-end-failed", { machine, name, status, error: String(thrown) });
    }
  }

  #forgetOldest(): void {
    for (const [key, execution] of this.#executions) {
      if (this.#executions.size <= endedRememberedMax) return;
      if (!this.#running.has(execution)) this.#executions.delete(key);
    }
  }
}

function keyOf(machine: WorkflowName, name: string): string {
  return `${machine}/${name}`;
}
