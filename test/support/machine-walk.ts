import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { WorkflowName } from "../../lib/flows/ports.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { AslMachine, AslState, Retrier } from "../../lib/platform/embedded/asl-machine.ts";
import { stepOf } from "../../lib/platform/embedded/call-function.ts";
import { type ExecutionEnd, openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { payloadBytesMax } from "../../lib/platform/execution-rules.ts";
import { seededRandomness, windableClock } from "./clock.ts";
import { historyMeter } from "./history-meter.ts";

/** What the steps of a machine may answer, the way to its end first. Each answer is laid over the step's input. */
export type Answers = Readonly<Record<string, readonly object[]>>;

/** One way through a machine, as a step's answers and failures made it. */
export interface Path {
  /** What each step did, in order: `commit-batch {"next":"wait"}`, `plan-run TypeError`. */
  readonly story: readonly string[];
  /** States of the machine itself, in the order in which they were entered. */
  readonly states: readonly string[];
  /** `From > To`, the states within fan-outs too. */
  readonly edges: ReadonlySet<string>;
  readonly end: ExecutionEnd;
  /** Most tries of one step in a row. */
  readonly triesMax: number;
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** How a step can fail, besides with the errors that its state tries again. */
const failures = {
  TypeError: () => Promise.reject(new TypeError("a bug")),
  AuthRefused: () => Promise.reject(new SyncError("AUTH_FAILED")),
  PlaceLost: () => Promise.reject(new SyncError("ATTEMPT_CLOSED")),
  // Neither `States.ALL` nor anything else catches it.
  "States.DataLimitExceeded": async () => "x".repeat(payloadBytesMax),
  /** Never answers; the state's own time runs out. */
  "States.Timeout": (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  /** The execution is stopped from outside while the step works. */
  stopped: (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
} satisfies Record<string, (signal: AbortSignal) => Promise<unknown>>;
type Failure = keyof typeof failures;

type Choice =
  | { readonly answer: object }
  | { readonly fails: Failure }
  /** Fails with an error that the state tries again: until the tries are used up, or once. */
  | { readonly retried: string; readonly until: "used up" | "second try" };

/**
 * Walks a machine's every path: at each step, once for every answer and every failure, told apart by what had ended
 * before. Loops are entered once and then left.
 */
export async function walkMachine(machine: WorkflowName, answers: Answers, input: object): Promise<readonly Path[]> {
  const definition = JSON.parse(readFileSync(`state-machines/${machine}.asl.json`, "utf8")) as AslMachine;
  const retriers = retriersByStep(definition);
  const paths: Path[] = [];
  const seen = new Set<string>();
  const plans: (readonly number[])[] = [[]];
  for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
    const { path, decisions } = await walkOnce(machine, { answers, retriers, input, plan });
    paths.push(path);
    for (const [index, { key, count }] of decisions.entries()) {
      if (index < plan.length || seen.has(key)) continue;
      seen.add(key);
      const before = decisions.slice(0, index).map(({ taken }) => taken);
      for (let other = 1; other < count; other += 1) plans.push([...before, other]);
    }
  }
  return paths;
}

interface Decision {
  /** Step, how often it was decided on before, and what was last decided elsewhere. */
  readonly key: string;
  readonly count: number;
  readonly taken: number;
}

interface Walk {
  readonly answers: Answers;
  readonly retriers: ReadonlyMap<string, readonly Retrier[]>;
  readonly input: object;
  readonly plan: readonly number[];
}

async function walkOnce(machine: WorkflowName, walk: Walk): Promise<{ path: Path; decisions: Decision[] }> {
  const clock = windableClock();
  const meter = historyMeter();
  const histories = new Map<object, string[]>();
  const ends: ExecutionEnd[] = [];
  const decider = new Decider(walk);
  const workflows = openWorkflows({
    folder: "state-machines",
    runStep: async (name, input, signal) => {
      const step = stepOf(name, input);
      const payload = (name === step ? input : (input as { input: unknown }).input) as object;
      const choice = decider.next(step);
      if ("answer" in choice) return { ...payload, ...choice.answer };
      if ("retried" in choice) throw Object.assign(new Error("tried again"), { name: choice.retried });
      const answer = failures[choice.fails](signal);
      if (choice.fails === "States.Timeout") void windOn(clock);
      if (choice.fails === "stopped") void workflows.stop(machine, "walk");
      return answer;
    },
    files: { get: async () => new TextEncoder().encode(JSON.stringify([walk.input, walk.input])) },
    clock,
    randomness: seededRandomness(),
    itemsAtOnceMax: 1,
    onEnd: async (end) => void ends.push(end),
    wait: async () => {},
    observe: (happening) => {
      meter.observe(happening);
      const { history, kind, name } = happening;
      if (kind === "entry") histories.set(history, [...(histories.get(history) ?? []), name ?? ""]);
    },
  });
  await workflows.start(machine, "walk", { ...walk.input });
  await workflows.settled();
  // What the interpreter reports of its states comes a turn later.
  await setImmediate();
  const [own = [], ...items] = histories.values();
  const [end] = ends;
  if (end === undefined || ends.length > 1) throw new Error(`${machine} ended ${ends.length} times`);
  const edges = new Set([own, ...items].flatMap((names) => names.slice(1).map((to, at) => `${names[at]} > ${to}`)));
  const { eventsMax, bytesMax } = meter;
  const { story, triesMax, decisions } = decider;
  return { path: { story, states: own, edges, end, triesMax, eventsMax, bytesMax }, decisions };
}

/** Longer than any task may take, shorter than any machine. */
const overTaskTimeMs = 901_000;

/** Lets the clock that a call has just set start, and then winds past it. */
async function windOn(clock: ReturnType<typeof windableClock>): Promise<void> {
  await setImmediate();
  clock.wind(overTaskTimeMs);
}

/** Takes the decisions of a plan, and after them the first choice, which leads to the end. */
class Decider {
  readonly decisions: Decision[] = [];
  readonly story: string[] = [];
  triesMax = 1;
  readonly #walk: Walk;
  readonly #times = new Map<string, number>();
  #current: { step: string; choice: Choice; tries: number } | undefined;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  next(step: string): Choice {
    const current = this.#current;
    if (current?.step === step && "retried" in current.choice && current.tries < this.#triesOf(step, current.choice)) {
      current.tries += 1;
      this.triesMax = Math.max(this.triesMax, current.tries);
      if (current.choice.until === "second try") {
        this.#current = undefined;
        return this.#told(step, { answer: this.#walk.answers[step]?.[0] ?? {} });
      }
      return current.choice;
    }
    const choices = choicesOf(step, this.#walk);
    const times = Math.min(2, this.#times.get(step) ?? 0);
    const taken = this.#walk.plan[this.decisions.length] ?? 0;
    const choice = choices[taken] ?? { answer: {} };
    this.decisions.push({ key: `${step} ${times}`, count: choices.length, taken });
    this.#times.set(step, times + 1);
    this.#current = { step, choice, tries: 1 };
    return this.#told(step, choice);
  }

  #told<Said extends Choice>(step: string, choice: Said): Said {
    this.story.push(`${step} ${said(choice)}`);
    return choice;
  }

  #triesOf(step: string, { retried }: { readonly retried: string }): number {
    const retrier = this.#walk.retriers.get(step)?.find(({ ErrorEquals }) => ErrorEquals.includes(retried));
    return 1 + (retrier?.MaxAttempts ?? 0);
  }
}

function choicesOf(step: string, { answers, retriers }: Walk): readonly Choice[] {
  const given = answers[step];
  if (given === undefined) throw new TypeError(`nobody said what ${step} answers`);
  const retried = (retriers.get(step) ?? []).flatMap(({ ErrorEquals }) => ErrorEquals.slice(0, 1));
  return [
    ...given.map((answer): Choice => ({ answer })),
    ...(Object.keys(failures) as Failure[]).map((fails): Choice => ({ fails })),
    ...retried.flatMap((name): Choice[] => [
      { retried: name, until: "used up" },
      { retried: name, until: "second try" },
    ]),
  ];
}

function said(choice: Choice): string {
  if ("answer" in choice) return JSON.stringify(choice.answer);
  return "fails" in choice ? choice.fails : `${choice.retried} until ${choice.until}`;
}

/** Every `From > To` that the file allows. */
export function edgesOf(machine: WorkflowName): string[] {
  return allStates(JSON.parse(readFileSync(`state-machines/${machine}.asl.json`, "utf8")) as AslMachine).flatMap(
    ([name, state]) => {
      const nexts = [state, ...listOf(state, "Choices"), ...listOf(state, "Catch")].map((each) => each["Next"]);
      return [...nexts, state["Default"]]
        .filter((next) => next !== undefined)
        .map((next) => `${name} > ${String(next)}`);
    },
  );
}

function retriersByStep(machine: AslMachine): Map<string, readonly Retrier[]> {
  const tasks = allStates(machine).filter(([, { Type }]) => Type === "Task");
  return new Map(tasks.map(([, state]) => [stepIn(state), (state["Retry"] ?? []) as readonly Retrier[]]));
}

function stepIn(state: AslState): string {
  const { FunctionName, Payload } = state["Parameters"] as { FunctionName?: string; Payload?: { step: string } };
  const name = Payload?.step ?? /^\$\{(\w+)\}$/.exec(FunctionName ?? "")?.[1] ?? "";
  return name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}

function allStates(machine: AslMachine): [string, AslState][] {
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const inner = state["ItemProcessor"] as AslMachine | undefined;
    return [[name, state] as [string, AslState], ...(inner === undefined ? [] : allStates(inner))];
  });
}

function listOf(state: AslState, field: "Choices" | "Catch"): readonly Readonly<Record<string, unknown>>[] {
  return (state[field] ?? []) as readonly Readonly<Record<string, unknown>>[];
}
