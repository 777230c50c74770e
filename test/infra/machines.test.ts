import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Machines } from "../../lib/infra/constructs/machines.ts";
import { Schedules } from "../../lib/infra/constructs/schedules.ts";
import { type Bench, bench, findings, onlyResource, resources, statementsOf } from "./support/stand-ins.ts";

const names = readdirSync("state-machines").map((file) => file.replace(".asl.json", ""));

let made: Bench;
let template: ReturnType<Bench["template"]>;
beforeAll(() => {
  made = bench();
  const { config, stack, functions } = made;
  const machines = new Machines(stack, "Machines", { config, functions, stored: made.data.storage });
  new Schedules(stack, "Schedules", { config, functions, dispatch: machines.get("dispatch") });
  template = made.template();
});

function machine(name: string): Readonly<Record<string, unknown>> {
  const found = Object.values(resources(template, "AWS::StepFunctions::StateMachine")).find(
    (each) => each["StateMachineName"] === `warehouse-sync-${name}`,
  );
  if (found === undefined) throw new TypeError(`there is no machine ${name}`);
  return found;
}

function rule(name: string): Readonly<Record<string, unknown>> {
  const found = Object.values(resources(template, "AWS::Events::Rule")).find(
    (each) => each["Name"] === `warehouse-sync-${name}`,
  );
  if (found === undefined) throw new TypeError(`there is no rule ${name}`);
  return found;
}

describe.for(names)("the machine %s", (name) => {
  const text = readFileSync(join("state-machines", `${name}.asl.json`), "utf8");

  test("is deployed as it stands in its file, with every placeholder filled in", () => {
    const { DefinitionString, DefinitionSubstitutions } = machine(name);

    expect(DefinitionString).toBe(text);
    const placeholders = [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]))].sort();
    expect(Object.keys(DefinitionSubstitutions as object).sort()).toEqual(placeholders);
  });

  test("calls the functions that it names and no other", () => {
    const { DefinitionSubstitutions } = machine(name);
    const { Writer, Bucket, ...own } = DefinitionSubstitutions as Record<string, unknown>;

    const called = statementsOf(template, `The state machine ${name}`)
      .filter(({ Action }) => Action === "lambda:InvokeFunction")
      .flatMap(({ Resource }) => Resource as unknown[]);

    const writers = Writer === undefined ? [] : Object.values(made.functions.writers);
    const expected = [...Object.values(own), ...writers.map((writer) => made.stack.resolve(writer.functionArn))];
    expect(sorted(called)).toEqual(sorted(expected));
    expect(Writer ?? "warehouse-sync-writer-{}").toBe("warehouse-sync-writer-{}");
    expect(Bucket === undefined).toBe(!text.includes("ItemReader"));
  });

  test("reads of the bucket only where its lists lie", () => {
    const reads = statementsOf(template, `The state machine ${name}`).filter(({ Action }) =>
      [Action].flat().some((action) => action.startsWith("s3:")),
    );

    expect(reads).toHaveLength(text.includes("ItemReader") ? 1 : 0);
    for (const { Action, Resource } of reads) {
      expect(Action).toBe("s3:GetObject");
      expect(JSON.stringify(Resource)).toMatch(/"\/(work|plan|dispatch)\/\*"/);
    }
  });

  test("keeps its history under our key, and its log without what it works on", () => {
    expect(machine(name)).toMatchObject({
      StateMachineType: "STANDARD",
      EncryptionConfiguration: { Type: "CUSTOMER_MANAGED_KMS_KEY", KmsKeyId: expect.anything() },
      LoggingConfiguration: { Level: "ALL", IncludeExecutionData: false },
      TracingConfiguration: { Enabled: true },
    });
  });

  test("is the only one of its kind to take on its role", () => {
    const role = Object.values(resources(template, "AWS::IAM::Role")).find(
      (each) => each["Description"] === `The state machine ${name}`,
    );

    const trust = JSON.stringify(role?.["AssumeRolePolicyDocument"]);
    expect(trust).toContain("aws:SourceAccount");
    expect(trust).toContain(`:stateMachine:warehouse-sync-${name}"`);
  });
});

describe("what goes by the clock", () => {
  test("the hourly rule starts the dispatch machine, by a name that the hour gives", () => {
    const hourly = rule("hourly");

    expect(hourly["ScheduleExpression"]).toBe("cron(0 * * * ? *)");
    expect(hourly["Targets"]).toMatchObject([
      {
        Arn: { Ref: expect.stringMatching(/^MachinesDispatch/) },
        InputTransformer: {
          InputPathsMap: { time: "$.time" },
          InputTemplate: expect.stringContaining('"execution":"hour-<time>"'),
        },
        DeadLetterConfig: { Arn: expect.anything() },
      },
    ]);
  });

  test("the sweep runs every 15 minutes", () => {
    const sweep = rule("sweep");

    expect(sweep["ScheduleExpression"]).toBe("rate(15 minutes)");
    expect(JSON.stringify(sweep["Targets"])).toContain("StandInsweep");
  });
});

describe("an execution that ends badly", () => {
  test("is closed by a function, or its end is kept", () => {
    const { EventPattern, Targets } = rule("executions-ended-badly");

    expect(EventPattern).toMatchObject({
      source: ["aws.states"],
      detail: { status: ["FAILED", "TIMED_OUT", "ABORTED"] },
    });
    const { stateMachineArn } = (EventPattern as { readonly detail: { readonly stateMachineArn: unknown[] } }).detail;
    expect(stateMachineArn).toHaveLength(names.length);
    expect(Targets).toMatchObject([{ DeadLetterConfig: { Arn: expect.anything() }, RetryPolicy: expect.anything() }]);
    expect(JSON.stringify(Targets)).toContain("StandIncloseexecution");
  });
});

test("machines and schedules leave cdk-nag nothing to find", () => {
  expect(findings(made.stack)).toEqual([]);
});

test("machines log into one encrypted group", () => {
  expect(onlyResource(template, "AWS::Logs::LogGroup")).toMatchObject({
    LogGroupName: "/aws/vendedlogs/warehouse-sync/states",
    KmsKeyId: expect.anything(),
  });
});

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
