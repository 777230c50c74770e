import { StateMachine } from "aws-local-stepfunctions";
import type { Clock, Files, Randomness } from "../../flows/ports.ts";
import { secondMs } from "../../model/time.ts";
import { payloadBytesMax } from "../execution-rules.ts";
import { failureOf, StateFailure } from "./asl-failure.ts";
import type { LocalState, Machine } from "./asl-machine.ts";
import { withRetries } from "./asl-retry.ts";
import type { TaskSlots } from "./task-slots.ts";

/** Calls the step of this name (kebab case) and answers its JSON. */
export type RunStep = (name: string, input: unknown, signal: AbortSignal) => Promise<unknown>;

export interface ExecutionDeps {
  readonly runStep: RunStep;
  readonly files: Pick<Files, "get">;
  readonly clock: Clock;
  readonly randomness: Pick<Randomness, "fraction">;
  /** Waits between tries and in Wait states. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly slots: TaskSlots;
  /** Upper bound of items of one map that run at once. */
  readonly itemsAtOnceMax: number;
  /** Sees what Step Functions would write into histories: for tests that count. */
  readonly observe?: (happening: Happening) => void;
}

/** Something that a history records. Each execution, and each item of a fan-out, has a history of its own. */
export interface Happening {
  readonly history: object;
  /** A state was entered, and left; a task was tried; a fan-out was run. */
  readonly kind: "entry" | "state" | "try" | "fan-out";
  /** Of an entry: the state. */
  readonly name?: string;
  /** Of a state: the longer of its input and output, as JSON. */
  readonly bytes: number;
}

/** What the context object `$$` shows. */
export type ContextObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Runs a machine to its end and answers its output. Throws the interpreter's `ExecutionError` around the failure. */
export async function runMachine(
  deps: ExecutionDeps,
  machine: Machine,
  input: unknown,
  context: ContextObject,
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted();
  const history = {};
  const handlers = [...machine.states].map(([name, state]) => {
    const handle = (stateInput: unknown) => runState(deps, state, stateInput, { context, signal, history });
    return [name, handle] as const;
  });
  const interpreter = new StateMachine(machine.definition, { validationOptions: { noValidate: true } });
  const run = interpreter.run(input as never, {
    overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers) as never },
    context: context as never,
  });
  if (deps.observe) void observeStates(run.eventLogs, history, deps.observe);
  const abort = () => run.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await run.result;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

type Run = { readonly context: ContextObject; readonly signal: AbortSignal; readonly history: object };

async function runState(deps: ExecutionDeps, state: LocalState, input: unknown, run: Run): Promise<unknown> {
  const { signal, history } = run;
  const retryDeps = { wait: deps.wait, fraction: () => deps.randomness.fraction() };
  switch (state.kind) {
    case "task":
      return withRetries(state.retry, retryDeps, signal, () => {
        deps.observe?.({ history, kind: "try", bytes: 0 });
        return runTask(deps, state.timeoutSeconds, input, signal);
      });
    case "wait":
      return deps.wait(waitMs(deps.clock, input as WaitInput), signal).then(() => null);
    case "fan-out":
      return withRetries(state.retry, retryDeps, signal, () => {
        deps.observe?.({ history, kind: "fan-out", bytes: 0 });
        return fanOut(deps, state, input, run);
      });
  }
}

/** Reports every state that was entered, and that was left by its end or a catch. */
async function observeStates(
  events: AsyncIterable<unknown>,
  history: object,
  observe: (happening: Happening) => void,
): Promise<void> {
  for await (const event of events) {
    const { type, state } = event as { type: string; state?: { name: string; input?: unknown; output?: unknown } };
    if (type === "StateEntered" && state !== undefined) observe({ history, kind: "entry", name: state.name, bytes: 0 });
    if (type !== "StateExited" && type !== "StateCaught") continue;
    observe({ history, kind: "state", bytes: Math.max(jsonBytes(state?.input), jsonBytes(state?.output)) });
  }
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value ?? null));
}

type WaitInput = { readonly seconds?: number; readonly timestamp?: string };

function waitMs(clock: Clock, input: WaitInput): number {
  if (input.seconds !== undefined) return input.seconds * secondMs;
  return Math.max(0, Date.parse(input.timestamp ?? "") - clock.now());
}

/** Calls a step as `lambda:invoke` would: `{FunctionName, Payload}` in, `{Payload}` out, both of them JSON. */
async function runTask(
  deps: ExecutionDeps,
  timeoutSeconds: number | undefined,
  input: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const { FunctionName, Payload } = input as { FunctionName: string; Payload?: unknown };
  const name = kebabCase(FunctionName);
  const call = new AbortController();
  const callSignal = AbortSignal.any([signal, call.signal]);
  const started = Promise.withResolvers<void>();
  const answer = deps.slots.run(signal, async () => {
    started.resolve();
    return deps.runStep(name, asJson(Payload ?? null, name), callSignal);
  });
  // The clock starts when the step does, not while it waits in line.
  const late =
    timeoutSeconds === undefined ? undefined : started.promise.then(() => ending(deps, timeoutSeconds, call));
  try {
    const first = await Promise.race(late === undefined ? [answer] : [answer, late]);
    return { Payload: asJson(first, name), StatusCode: 200 };
  } catch (thrown) {
    throw failureOf(thrown);
  } finally {
    call.abort();
  }
}

/** Rejects when the time is up; ends quietly when the call ended before. */
async function ending(deps: ExecutionDeps, timeoutSeconds: number, call: AbortController): Promise<never> {
  try {
    await deps.clock.sleep(timeoutSeconds * secondMs, call.signal);
  } catch {
    return new Promise<never>(() => {});
  }
  throw new StateFailure("States.Timeout", `no answer in ${timeoutSeconds} s`);
}

/** Only JSON passes between states, and not too much of it. */
function asJson(value: unknown, name: string): unknown {
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes <= payloadBytesMax) return JSON.parse(text);
  throw new StateFailure("States.DataLimitExceeded", `${name}: ${bytes} bytes, ${payloadBytesMax} are allowed`);
}

function kebabCase(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}

type FanOut = Extract<LocalState, { kind: "fan-out" }>;
type FanOutInput = {
  readonly items?: readonly unknown[];
  readonly reader?: { readonly Key: string };
  readonly input: unknown;
};

/** Runs the processor once per item. The first item that fails ends the others and fails the state. */
async function fanOut(deps: ExecutionDeps, state: FanOut, input: unknown, { context, signal }: Run): Promise<unknown> {
  const { items = [], reader, input: stateInput } = input as FanOutInput;
  const all = reader === undefined ? items : await readItems(deps, reader.Key);
  const others = new AbortController();
  const itemSignal = AbortSignal.any([signal, others.signal]);
  const outputs: unknown[] = [];
  const queue = all.entries();
  const work = async () => {
    for (const [index, item] of queue) {
      if (itemSignal.aborted) return;
      const itemContext = { ...context, Map: { Item: { Index: index, Value: item } } };
      const selected = await selectItem(state.itemSelector, item, stateInput, itemContext);
      const output = await runMachine(deps, state.processor, selected, itemContext, itemSignal);
      outputs[index] = state.isDistributed ? null : output;
    }
  };
  const workers = Math.min(state.concurrencyMax, deps.itemsAtOnceMax, all.length);
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: workers }, () =>
      work().catch((error: unknown) => {
        failures.push(error);
        others.abort();
      }),
    ),
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw itemFailure(state, failures[0]);
  return outputs;
}

/** A distributed map reports one name for whatever its items died of; an inline one that of the item. */
function itemFailure(state: FanOut, thrown: unknown): StateFailure {
  const failure = failureOf(thrown instanceof Error && thrown.name === "ExecutionError" ? thrown.cause : thrown);
  if (!state.isDistributed) return failure;
  const cause = `an item failed with ${failure.name}: ${failure.message}`;
  return new StateFailure("States.ExceedToleratedFailureThreshold", cause, thrown);
}

async function readItems(deps: ExecutionDeps, key: string): Promise<readonly unknown[]> {
  const bytes = await deps.files.get(key);
  const items: unknown = bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  if (!Array.isArray(items)) throw new StateFailure("States.ItemReaderFailed", `${key} holds no JSON array`);
  return items;
}

/** What the processor gets: the item, or what `ItemSelector` makes of item and state input (the interpreter knows how). */
async function selectItem(selector: unknown, item: unknown, input: unknown, context: ContextObject): Promise<unknown> {
  if (selector === undefined) return item;
  const definition = { StartAt: "Select", States: { Select: { Type: "Pass", Parameters: selector, End: true } } };
  const machine = new StateMachine(definition as never, { validationOptions: { noValidate: true } });
  return machine.run(input as never, { context: context as never }).result;
}
