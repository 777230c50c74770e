import type { StateMachineDefinition } from "aws-local-stepfunctions";

/** A state of the Amazon States Language as it stands in a file. */
export interface AslState {
  readonly Type: string;
  readonly [field: string]: unknown;
}

/** A machine, or the processor of a map, as it stands in a file: https://states-language.net/spec.html */
export interface AslMachine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, AslState>>;
  readonly TimeoutSeconds?: number;
  readonly [field: string]: unknown;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL" | "NONE";
}

/** A state that we run ourselves: the interpreter sees a Task under the same name. */
export type LocalState =
  | { readonly kind: "task"; readonly retry: readonly Retrier[]; readonly timeoutSeconds: number | undefined }
  | { readonly kind: "wait" }
  | {
      readonly kind: "fan-out";
      readonly retry: readonly Retrier[];
      readonly isDistributed: boolean;
      readonly concurrencyMax: number;
      readonly itemSelector: unknown;
      readonly processor: Machine;
    };

/** What the interpreter runs, and the states that it hands back to us. */
export interface Machine {
  readonly definition: StateMachineDefinition;
  readonly states: ReadonlyMap<string, LocalState>;
  readonly timeoutSeconds: number | undefined;
}

/** Puts values in the place of each `${Name}`; a step's name stands for itself. */
export function parseMachine(text: string, substitutions: Readonly<Record<string, string>>): AslMachine {
  return JSON.parse(text.replace(/\$\{(\w+)\}/g, (_, name: string) => substitutions[name] ?? name)) as AslMachine;
}

/**
 * Rewrites what the interpreter lacks (Distributed Map, ItemReader) or does without a clock of ours (waits, retries,
 * timeouts) into tasks: the flow of states, paths, choices and catches stays the interpreter's.
 */
export function prepareMachine(machine: AslMachine): Machine {
  const states = new Map<string, LocalState>();
  const definition = rewriteStates(machine, states);
  return { definition, states, timeoutSeconds: machine.TimeoutSeconds };
}

function rewriteStates(machine: AslMachine, locals: Map<string, LocalState>): StateMachineDefinition {
  const rewritten = Object.entries(machine.States).map(([name, state]) => [name, rewriteState(name, state, locals)]);
  // The interpreter's own type lists every field of every state; ours come from files that a test validates.
  return { StartAt: machine.StartAt, States: Object.fromEntries(rewritten) } as unknown as StateMachineDefinition;
}

function rewriteState(name: string, state: AslState, locals: Map<string, LocalState>): unknown {
  switch (state.Type) {
    case "Task": {
      locals.set(name, { kind: "task", retry: retriersOf(state), timeoutSeconds: state["TimeoutSeconds"] as number });
      return taskInPlaceOf(state, {});
    }
    case "Wait":
      locals.set(name, { kind: "wait" });
      return taskInPlaceOf(state, { Parameters: waitParameters(state), ResultPath: null });
    case "Map":
      locals.set(name, fanOutOf(state));
      return taskInPlaceOf(state, { Parameters: mapParameters(state) });
    case "Parallel":
      return { ...state, Branches: (state["Branches"] as AslMachine[]).map((branch) => rewriteStates(branch, locals)) };
    default:
      return state;
  }
}

/** The interpreter's own timeout, which it needs and shall not reach: ours comes first. Timers hold 24 days at most. */
const neverSeconds = 2_000_000;
const keptFields = ["Parameters", "InputPath", "ResultSelector", "ResultPath", "OutputPath", "Catch", "Next", "End"];

function taskInPlaceOf(state: AslState, fields: Readonly<Record<string, unknown>>): unknown {
  const kept = Object.entries(state).filter(([field]) => keptFields.includes(field));
  return { ...Object.fromEntries(kept), ...fields, Type: "Task", Resource: "local", TimeoutSeconds: neverSeconds };
}

function waitParameters(state: AslState): unknown {
  if (state["SecondsPath"] !== undefined) return { "seconds.$": state["SecondsPath"] };
  if (state["TimestampPath"] !== undefined) return { "timestamp.$": state["TimestampPath"] };
  return state["Seconds"] !== undefined ? { seconds: state["Seconds"] } : { timestamp: state["Timestamp"] };
}

function mapParameters(state: AslState): unknown {
  const reader = state["ItemReader"] as { readonly Parameters?: unknown } | undefined;
  const items = reader === undefined ? { "items.$": state["ItemsPath"] ?? "$" } : { reader: reader.Parameters };
  return { ...items, "input.$": "$" };
}

function fanOutOf(state: AslState): LocalState {
  const processor = state["ItemProcessor"] as AslMachine & { ProcessorConfig?: { Mode?: string } };
  return {
    kind: "fan-out",
    retry: retriersOf(state),
    isDistributed: processor.ProcessorConfig?.Mode === "DISTRIBUTED",
    concurrencyMax: (state["MaxConcurrency"] as number | undefined) || Number.POSITIVE_INFINITY,
    itemSelector: state["ItemSelector"],
    processor: prepareMachine(processor),
  };
}

function retriersOf(state: AslState): readonly Retrier[] {
  return (state["Retry"] as readonly Retrier[] | undefined) ?? [];
}
