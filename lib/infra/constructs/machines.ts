import { Duration, Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import type * as logs from "aws-cdk-lib/aws-logs";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import { machineArn } from "../names.ts";
import type { FunctionSet } from "./functions.ts";
import { serviceLog } from "./log-group.ts";
import { type MachineDefinition, machineDefinition, machineNames } from "./machine-definition.ts";
import { machineRole } from "./machine-role.ts";
import { deadLetterQueue } from "./queues.ts";
import type { Stored } from "./storage.ts";

interface MachinesProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket" | "key">;
  readonly functions: FunctionSet;
}

/** The state machines of `state-machines/`, as they stand there, and the rule that closes what an execution left open when it ended badly. */
export class Machines extends Construct {
  /** By the name of the file. */
  readonly byName: ReadonlyMap<string, sfn.StateMachine>;
  /** Counts what it matches: executions that failed, ran out of time or were stopped. */
  readonly endedBadly: events.Rule;
  /** Ends of executions that `close-execution` could not handle. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: MachinesProps) {
    super(scope, id);
    const { config, stored, functions } = props;
    const log = serviceLog(this, "Log", { config, key: stored.key, service: "states" });
    this.byName = new Map(machineNames().map((name) => [name, this.machine(name, log, props)]));
    this.deadLetters = deadLetterQueue(this, "DeadLetters", `${config.name}-executions-dead`);
    this.endedBadly = new events.Rule(this, "EndedBadly", {
      ruleName: `${config.name}-executions-ended-badly`,
      description: "No Catch sees a stop, a timeout or a history that grew too long",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: {
          status: ["FAILED", "TIMED_OUT", "ABORTED"],
          stateMachineArn: [...this.byName.keys()].map((name) => machineArn(Stack.of(this), config.name, name)),
        },
      },
    });
    this.endedBadly.addTarget(
      new targets.LambdaFunction(functions.get("close-execution"), {
        deadLetterQueue: this.deadLetters,
        maxEventAge: Duration.hours(6),
        retryAttempts: 20,
      }),
    );
  }

  /** Throws a `TypeError` for a name that no file has. */
  get(name: string): sfn.StateMachine {
    const found = this.byName.get(name);
    if (found === undefined) throw new TypeError(`there is no machine ${name}`);
    return found;
  }

  private machine(name: string, log: logs.ILogGroup, { config, stored, functions }: MachinesProps): sfn.StateMachine {
    const definition = machineDefinition(name);
    const id = name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
    const machine = new sfn.StateMachine(this, id, {
      stateMachineName: `${config.name}-${name}`,
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromString(definition.text),
      definitionSubstitutions: substitutions(definition, { config, stored, functions }),
      role: machineRole(this, `${id}Role`, { name, definition, config, stored, functions }),
      tracingEnabled: true,
      logs: { destination: log, level: sfn.LogLevel.ALL, includeExecutionData: false },
    });
    // The L2 would write into the key's policy, which belongs to another stack, and without a condition.
    (machine.node.defaultChild as sfn.CfnStateMachine).encryptionConfiguration = {
      type: "CUSTOMER_MANAGED_KMS_KEY",
      kmsKeyId: stored.key.keyArn,
      kmsDataKeyReusePeriodSeconds: 300,
    };
    return machine;
  }
}

function substitutions(
  definition: MachineDefinition,
  { config, stored, functions }: MachinesProps,
): Record<string, string> {
  return {
    ...Object.fromEntries(
      Object.entries(definition.functions).map(([placeholder, name]) => [placeholder, functions.get(name).functionArn]),
    ),
    ...(definition.callsWriters ? { Writer: `${config.name}-writer-{}` } : {}),
    ...(definition.hasMaps ? { Bucket: stored.bucket.bucketName } : {}),
  };
}
