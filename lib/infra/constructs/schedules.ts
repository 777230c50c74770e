import { Duration, Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import type { FunctionSet } from "./functions.ts";
import { deadLetterQueue } from "./queues.ts";

/**
 * Over how many seconds the hour's starts are spread. Each account waits its part of it inside the dispatch machine's
 * map, so that it also bounds how many accounts one hour can take.
 */
const spreadSeconds = 60;

interface SchedulesProps {
  readonly config: Config;
  readonly functions: FunctionSet;
  readonly dispatch: sfn.StateMachine;
}

/** What goes by the clock: the hour, and the sweep. Nothing is made on this path, so it works on while nothing else can be changed. */
export class Schedules extends Construct {
  readonly hourly: events.Rule;
  /** Ticks that could not be delivered. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { config, functions, dispatch }: SchedulesProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, "DeadLetters", `${config.name}-ticks-dead`);
    this.hourly = new events.Rule(this, "Hourly", {
      ruleName: `${config.name}-hourly`,
      description: "Consolidates and syncs what is due, every hour",
      schedule: events.Schedule.cron({ minute: "0" }),
    });
    this.hourly.addTarget(
      new targets.SfnStateMachine(dispatch, {
        role: this.tickRole(config, dispatch),
        // EventBridge may deliver a tick twice. The hour names the list, and the list that is there is used again.
        input: events.RuleTargetInput.fromObject({
          isNow: false,
          windowSeconds: spreadSeconds,
          execution: `hour-${events.EventField.time}`,
        }),
        deadLetterQueue: this.deadLetters,
        maxEventAge: Duration.minutes(30),
        retryAttempts: 10,
      }),
    );
    new events.Rule(this, "Sweep", {
      ruleName: `${config.name}-sweep`,
      description: "Takes up what was lost, and measures health",
      schedule: events.Schedule.rate(Duration.minutes(15)),
      targets: [
        new targets.LambdaFunction(functions.get("sweep"), {
          deadLetterQueue: this.deadLetters,
          maxEventAge: Duration.minutes(10),
          retryAttempts: 2,
        }),
      ],
    });
  }

  private tickRole(config: Config, dispatch: sfn.StateMachine): iam.Role {
    const { account } = Stack.of(this);
    // Spelt, since the rule needs the role.
    const ruleArn = Stack.of(this).formatArn({
      service: "events",
      resource: "rule",
      resourceName: `${config.name}-hourly`,
    });
    const role = new iam.Role(this, "TickRole", {
      description: "The hourly rule starts the dispatch machine",
      assumedBy: new iam.ServicePrincipal("events.amazonaws.com", {
        conditions: {
          StringEquals: { "aws:SourceAccount": account },
          ArnEquals: { "aws:SourceArn": ruleArn },
        },
      }),
    });
    dispatch.grantStartExecution(role);
    return role;
  }
}
