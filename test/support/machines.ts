import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkflowName } from "../../lib/flows/ports.ts";

type State = Readonly<Record<string, unknown>>;

/** A task state in the one form that `state-machines/` use. */
export function task(step: string, fields: State = {}): State {
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Parameters: { FunctionName: `\${${step}}`, "Payload.$": "$" },
    OutputPath: "$.Payload",
    ...(fields["Next"] === undefined ? { End: true } : {}),
    ...fields,
  };
}

/** A task of the writer of `$.kind`. */
export function writerTask(step: string, fields: State = {}): State {
  const Parameters = {
    "FunctionName.$": `States.Format('\${Writer}', $.kind)`,
    Payload: { step, "input.$": "$" },
  };
  return task("", { Parameters, ...fields });
}

/** A fan-out in the one form that `state-machines/` use: over the JSON array at `$.itemsKey`. */
export function fanOut(states: Readonly<Record<string, State>>, fields: State = {}): State {
  return {
    Type: "Map",
    ItemReader: {
      Resource: "arn:aws:states:::s3:getObject",
      ReaderConfig: { InputType: "JSON" },
      Parameters: { Bucket: `\${Bucket}`, "Key.$": "$.itemsKey" },
    },
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
      StartAt: Object.keys(states)[0],
      States: states,
    },
    ResultPath: null,
    ...(fields["Next"] === undefined ? { End: true } : {}),
    ...fields,
  };
}

/** Writes a machine that starts at its first state. */
export function writeMachine(
  folder: string,
  machine: WorkflowName,
  states: Readonly<Record<string, State>>,
  fields: State = {},
): void {
  const definition = {
    Comment: "A machine of a test.",
    TimeoutSeconds: 600,
    StartAt: Object.keys(states)[0],
    States: states,
  };
  writeFileSync(join(folder, `${machine}.asl.json`), JSON.stringify({ ...definition, ...fields }));
}
