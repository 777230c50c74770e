import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { steps } from "../../lib/flows/steps.ts";
import { aslFaults, workflowNames } from "../support/asl-faults.ts";
import { fanOut, task, writerTask } from "../support/machines.ts";

const files = globSync("state-machines/*");

/** A failed hour holds no slot and no lease: its status is seen, and the next tick does it again. */
const mayFail = ["state-machines/dispatch.asl.json"];

describe("the machines of state-machines/", () => {
  test.each(files)("%s keeps the rules", (file) => {
    expect(aslFaults(readFileSync(file, "utf8"), Object.keys(steps), { mayFail: mayFail.includes(file) })).toEqual([]);
  });

  test("are one for each workflow", () => {
    const names = files.map((file) => basename(file).replace(/\.asl\.json$/, ""));

    expect(names.sort()).toEqual([...workflowNames].sort());
  });
});

const caught = { Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Mourn" }] };
const retry = { ErrorEquals: ["Throttled"], MaxAttempts: 3, JitterStrategy: "FULL" };

/** A machine that keeps the rules, with one state or field changed. */
function machine(change: { states?: object; fields?: object; parse?: object } = {}): string {
  return JSON.stringify({
    Comment: "Parses what lies there.",
    TimeoutSeconds: 60,
    StartAt: "Parse",
    States: {
      Parse: task("ParseRange", { Next: "All", ...caught, Retry: [retry], ...change.parse }),
      All: fanOut({ One: task("ParseRange") }, { ...caught }),
      Mourn: task("RecordError"),
      ...change.states,
    },
    ...change.fields,
  });
}

const writerParameters = writerTask("plan-run")["Parameters"] as object;
const steppers = ["parse-range", "record-error"];

describe("the rules", () => {
  test("take a machine that keeps them", () => {
    expect(aslFaults(machine(), steppers)).toEqual([]);
  });

  test("take a writer's task in its one form", () => {
    const parse = writerTask("plan-run", { Next: "All", ...caught });

    expect(aslFaults(machine({ parse }), steppers)).toEqual([]);
  });

  test("take a machine without a Catch only where it may fail", () => {
    expect(aslFaults(machine({ parse: { Catch: undefined } }), steppers, { mayFail: true })).toEqual([]);
  });

  test.each<[string, Parameters<typeof machine>[0]]>([
    ["the machine has no Comment", { fields: { Comment: undefined } }],
    ["the machine has no TimeoutSeconds", { fields: { TimeoutSeconds: undefined } }],
    ["asl-validator: ", { fields: { StartAt: "Nowhere" } }],
    ["two states are named Parse", { states: { All: fanOut({ Parse: task("ParseRange") }, caught) } }],
    [`\${Unheard} is no step`, { parse: task("Unheard", { Next: "All", ...caught }) }],
    ["Assign is not to be used", { parse: { Assign: { x: 1 } } }],
    [
      "ItemBatcher is not to be used",
      { states: { All: fanOut({ One: task("ParseRange") }, { ...caught, ItemBatcher: {} }) } },
    ],
    ["QueryLanguage is not to be used", { fields: { QueryLanguage: "JSONPath" } }],
    ["JSONata is not to be used", { parse: { Comment: "{% $x %}" } }],
    ["$$.State is not to be used", { parse: { ResultSelector: { "at.$": "$$.State.EnteredTime" } } }],
    ["$$.StateMachine is not to be used", { parse: { ResultSelector: { "at.$": "$$.StateMachine.Name" } } }],
    ["Parse: a Task is a lambda:invoke", { parse: { Resource: "arn:aws:lambda:us-east-1:1:function:x" } }],
    ["Parse: a writer is named by States.Format", { parse: { Parameters: { "FunctionName.$": "$.name" } } }],
    [
      "Parse: a writer is named by States.Format",
      { parse: writerTask("plan-run", { Parameters: { "FunctionName.$": "States.Format('{}', $.kind)" } }) },
    ],
    [
      "Parse: a writer is named by States.Format",
      { parse: writerTask("plan-run", { Parameters: { ...writerParameters, Qualifier: "live" } }) },
    ],
    ["Parse: drop-table is no step of a writer", { parse: writerTask("drop-table") }],
    ["Parse: a Task is a lambda:invoke of", { parse: task("Writer") }],
    [
      "All: a Map is DISTRIBUTED",
      {
        states: {
          All: fanOut({}, { ...caught, ItemProcessor: { StartAt: "One", States: { One: task("ParseRange") } } }),
        },
      },
    ],
    [
      'All: a Map has "ResultPath": null',
      { states: { All: fanOut({ One: task("ParseRange") }, { ...caught, ResultPath: "$.x" }) } },
    ],
    [
      "All: a Map reads the JSON list",
      { states: { All: fanOut({ One: task("ParseRange") }, { ...caught, ItemReader: {} }) } },
    ],
    ["Parse: AuthFailed is no error of ours", { parse: { Retry: [{ ...retry, ErrorEquals: ["AuthFailed"] }] } }],
    [
      "Parse: States.TaskFailed is no error of ours",
      { parse: { Retry: [{ ...retry, ErrorEquals: ["States.TaskFailed"] }] } },
    ],
    ["Parse: States.ALL stands alone and last", { parse: { Catch: [...caught.Catch, ...caught.Catch] } }],
    [
      "Parse: States.ALL stands alone and last",
      { parse: { Catch: [{ ErrorEquals: ["Throttled", "States.ALL"], Next: "Mourn" }] } },
    ],
    ["Parse: a retrier has MaxAttempts", { parse: { Retry: [{ ...retry, MaxAttempts: undefined }] } }],
    ['Parse: a retrier has "JitterStrategy": "FULL"', { parse: { Retry: [{ ...retry, JitterStrategy: "NONE" }] } }],
    ["Parse: what fails here is caught by nobody", { parse: { Catch: undefined } }],
    [
      "Parse: what fails here is caught by nobody",
      { parse: { Catch: [{ ErrorEquals: ["Throttled"], Next: "Mourn" }] } },
    ],
    ["All: what fails here is caught by nobody", { states: { All: fanOut({ One: task("ParseRange") }) } }],
    [
      "Choose: a Choice has a Default",
      {
        parse: { Next: "Choose" },
        states: { Choose: { Type: "Choice", Choices: [{ Variable: "$.x", BooleanEquals: true, Next: "All" }] } },
      },
    ],
  ])("refuse: %s (%#)", (fault, change) => {
    const faults = aslFaults(machine(change), steppers);

    expect(faults.filter((each) => each.startsWith(fault))).not.toEqual([]);
  });
});
