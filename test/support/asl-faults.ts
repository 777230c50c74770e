import { isDeepStrictEqual } from "node:util";
import aslValidator from "asl-validator";
import { type WorkflowName, writerStepNames } from "../../lib/flows/ports.ts";
import { errorClasses } from "../../lib/model/error-classes.ts";
import type { AslMachine, AslState } from "../../lib/platform/embedded/asl-machine.ts";

/** Every machine there may be; each has its file in `state-machines/`. */
export const workflowNames = Object.keys({
  import: true,
  consolidate: true,
  sync: true,
  dispatch: true,
  "check-connection": true,
} satisfies Record<WorkflowName, true>);

/** What only Step Functions reads, or reads otherwise than the embedded interpreter. */
const refusedFields = [
  "QueryLanguage",
  "Assign",
  "Arguments",
  "Output",
  "ItemBatcher",
  "ResultWriter",
  "ToleratedFailurePercentage",
  "ToleratedFailureCount",
  "ToleratedFailurePercentagePath",
  "ToleratedFailureCountPath",
  "TimeoutSecondsPath",
  "HeartbeatSeconds",
  "HeartbeatSecondsPath",
  "MaxConcurrencyPath",
  "ItemsPath",
  "Iterator",
];

const itemReader = {
  Resource: "arn:aws:states:::s3:getObject",
  ReaderConfig: { InputType: "JSON" },
  Parameters: { Bucket: `\${Bucket}`, "Key.$": "$.itemsKey" },
};

const errorNames = new Set<string>([
  ...Object.values(errorClasses).map((errorClass) => errorClass.name),
  "States.ALL",
  "States.Timeout",
  "States.ExceedToleratedFailureThreshold",
  "States.ItemReaderFailed",
  "Lambda.Unknown",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
]);

interface NamedState {
  readonly name: string;
  readonly state: AslState;
}

/**
 * Everything that our rules or the language refuse in a machine file, one sentence each. Steps are named in kebab case.
 * A machine that `mayFail` has nothing to close when it does, and needs no Catch.
 */
export function aslFaults(text: string, steps: readonly string[], options: { mayFail?: boolean } = {}): string[] {
  const machine = JSON.parse(text) as AslMachine;
  const states = statesOf(machine);
  return [
    ...validatorFaults(machine),
    ...machineFaults(machine, states),
    ...textFaults(text, steps),
    ...states.flatMap(({ name, state }) => stateFaults(name, state)),
    ...(options.mayFail ? [] : mainFlow(machine).flatMap(({ name, state }) => catchFaults(name, state))),
  ];
}

function validatorFaults(machine: AslMachine): string[] {
  const { isValid, errorsText } = aslValidator(machine, { checkArn: true, checkPaths: true });
  return isValid ? [] : [`asl-validator: ${errorsText("; ")}`];
}

function machineFaults(machine: AslMachine, states: readonly NamedState[]): string[] {
  const names = states.map(({ name }) => name);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...(typeof machine["Comment"] === "string" ? [] : ["the machine has no Comment"]),
    ...(typeof machine.TimeoutSeconds === "number" ? [] : ["the machine has no TimeoutSeconds"]),
    ...repeated.map((name) => `two states are named ${name}`),
  ];
}

function textFaults(text: string, steps: readonly string[]): string[] {
  const faults: string[] = [];
  for (const [, name = ""] of text.matchAll(/\$\{([^}]*)\}/g)) {
    const step = name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
    if (name !== "Bucket" && name !== "Writer" && !steps.includes(step)) faults.push(`\${${name}} is no step`);
  }
  for (const field of refusedFields) {
    if (text.includes(`"${field}"`)) faults.push(`${field} is not to be used`);
  }
  for (const [path] of text.matchAll(/\$\$\.(State|StateMachine|Task)\b/g)) faults.push(`${path} is not to be used`);
  if (text.includes("{%")) faults.push("JSONata is not to be used");
  return faults;
}

function stateFaults(name: string, state: AslState): string[] {
  const faults = [
    ...namesFaults(name, state, "Retry"),
    ...namesFaults(name, state, "Catch"),
    ...retryFaults(name, state),
  ];
  switch (state.Type) {
    case "Task":
      return [...faults, ...taskFaults(name, state)];
    case "Map":
      return [...faults, ...mapFaults(name, state)];
    case "Parallel":
      return state["Retry"] === undefined ? faults : [...faults, `${name}: a Parallel is not tried again`];
    case "Choice":
      return state["Default"] === undefined ? [...faults, `${name}: a Choice has a Default`] : faults;
    default:
      return faults;
  }
}

function taskFaults(name: string, state: AslState): string[] {
  const parameters = (state["Parameters"] ?? {}) as Record<string, unknown>;
  if (state["Resource"] !== "arn:aws:states:::lambda:invoke") return [`${name}: a Task is a lambda:invoke`];
  if ("FunctionName.$" in parameters) return writerFaults(name, parameters);
  const isCall =
    /^\$\{[A-Z]\w*\}$/.test(String(parameters["FunctionName"])) &&
    parameters["FunctionName"] !== writerPlaceholder &&
    ("Payload.$" in parameters || "Payload" in parameters);
  return isCall ? [] : [`${name}: a Task is a lambda:invoke of \${Name} with a Payload`];
}

const writerPlaceholder = `\${Writer}`;

/** The writer is chosen by the kind that the state carries, in exactly one form: the machine's role allows the writers and nothing else. */
function writerFaults(name: string, parameters: Record<string, unknown>): string[] {
  const payload = (parameters["Payload"] ?? {}) as Record<string, unknown>;
  const { step } = payload;
  const form = {
    "FunctionName.$": `States.Format('${writerPlaceholder}', $.kind)`,
    Payload: { step, "input.$": "$" },
  };
  return [
    ...(isDeepStrictEqual(parameters, form)
      ? []
      : [`${name}: a writer is named by ${form["FunctionName.$"]} and gets a step and its input`]),
    ...(writerStepNames.some((each) => each === step) ? [] : [`${name}: ${String(step)} is no step of a writer`]),
  ];
}

function mapFaults(name: string, state: AslState): string[] {
  const processor = (state["ItemProcessor"] ?? {}) as { ProcessorConfig?: { Mode?: string } };
  return [
    ...(processor.ProcessorConfig?.Mode === "DISTRIBUTED" ? [] : [`${name}: a Map is DISTRIBUTED`]),
    ...(state["ResultPath"] === null ? [] : [`${name}: a Map has "ResultPath": null`]),
    ...(JSON.stringify(state["ItemReader"]) === JSON.stringify(itemReader)
      ? []
      : [`${name}: a Map reads the JSON list at $.itemsKey`]),
  ];
}

type Handler = { readonly ErrorEquals: readonly string[]; readonly [field: string]: unknown };

function handlersOf(state: AslState, field: "Retry" | "Catch"): readonly Handler[] {
  return (state[field] ?? []) as readonly Handler[];
}

function namesFaults(name: string, state: AslState, field: "Retry" | "Catch"): string[] {
  const handlers = handlersOf(state, field);
  return handlers.flatMap(({ ErrorEquals }, index) => [
    ...ErrorEquals.filter((error) => !errorNames.has(error)).map((error) => `${name}: ${error} is no error of ours`),
    ...(ErrorEquals.includes("States.ALL") && (ErrorEquals.length > 1 || index < handlers.length - 1)
      ? [`${name}: States.ALL stands alone and last`]
      : []),
  ]);
}

function retryFaults(name: string, state: AslState): string[] {
  return handlersOf(state, "Retry").flatMap((retrier) => [
    ...(typeof retrier["MaxAttempts"] === "number" ? [] : [`${name}: a retrier has MaxAttempts`]),
    ...(retrier["JitterStrategy"] === "FULL" ? [] : [`${name}: a retrier has "JitterStrategy": "FULL"`]),
  ]);
}

function catchFaults(name: string, state: AslState): string[] {
  if (!["Task", "Map", "Parallel"].includes(state.Type)) return [];
  const isCaught = handlersOf(state, "Catch").some(({ ErrorEquals }) => ErrorEquals.includes("States.ALL"));
  return isCaught ? [] : [`${name}: what fails here is caught by nobody`];
}

/** States of the machine itself that are reached without an error. */
function mainFlow(machine: AslMachine): NamedState[] {
  const reached = new Set<string>();
  const walk = (name: unknown) => {
    const state = machine.States[String(name)];
    if (state === undefined || reached.has(String(name))) return;
    reached.add(String(name));
    walk(state["Next"]);
    walk(state["Default"]);
    for (const choice of (state["Choices"] ?? []) as readonly { Next: string }[]) walk(choice.Next);
  };
  walk(machine.StartAt);
  return [...reached].map((name) => ({ name, state: machine.States[name] as AslState }));
}

function statesOf(machine: AslMachine): NamedState[] {
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const inner = [state["ItemProcessor"], ...((state["Branches"] ?? []) as unknown[])].filter((each) => each != null);
    return [{ name, state }, ...inner.flatMap((each) => statesOf(each as AslMachine))];
  });
}
