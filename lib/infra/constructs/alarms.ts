import { Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import * as iam from "aws-cdk-lib/aws-iam";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import { acknowledge } from "./acknowledge.ts";
import { type AlarmSpec, alarmSpecs } from "./alarm-specs.ts";
import type { Stored } from "./storage.ts";
import { type WatchedMetrics, type WatchedParts, waitingIn } from "./watched-metrics.ts";

interface AlarmsProps extends WatchedParts {
  readonly stored: Pick<Stored, "key">;
  readonly metrics: WatchedMetrics;
}

/**
 * Alarms, each with its severity and its section of the runbook, and the topic that tells of them. Sixteen alarms look at
 * 21 metrics: $0.10 a month each beyond the ten that are free (https://aws.amazon.com/cloudwatch/pricing/).
 */
export class Alarms extends Construct {
  readonly topic: sns.Topic;
  readonly #config: Config;

  constructor(scope: Construct, id: string, { config, stored, metrics, deadLetters }: AlarmsProps) {
    super(scope, id);
    this.#config = config;
    this.topic = this.makeTopic(stored);
    for (const spec of alarmSpecs(metrics)) this.alarm(spec.anchor, spec);
    for (const [what, queue] of Object.entries(deadLetters))
      this.alarm(`dead-letters-${what}`, {
        anchor: "dead-letters",
        severity: "ticket",
        text: `Nobody could handle some of these: ${what}`,
        metric: waitingIn(queue, what),
        threshold: 1,
      });
  }

  private alarm(name: string, spec: AlarmSpec): void {
    const { name: installation, alarmsPaused, runbookUrl } = this.#config;
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmName: `${installation}-${name}`,
      alarmDescription: `[${spec.severity}] ${spec.text}. What to do: ${runbookUrl ?? "docs/runbook.md"}#${spec.anchor}`,
      metric: spec.metric,
      threshold: spec.threshold,
      comparisonOperator: spec.comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: spec.periods ?? 1,
      treatMissingData: spec.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
      actionsEnabled: !alarmsPaused,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
  }

  private makeTopic(stored: AlarmsProps["stored"]): sns.Topic {
    const { name, alarmEmail } = this.#config;
    const topic = new sns.Topic(this, "Topic", {
      topicName: `${name}-alarms`,
      displayName: `Alarms of ${name}`,
      masterKey: stored.key,
      enforceSSL: true,
    });
    const stack = Stack.of(this);
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "AlarmsPublish",
        principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { "aws:SourceAccount": stack.account },
          ArnLike: { "aws:SourceArn": stack.formatArn({ service: "cloudwatch", resource: `alarm:${name}-*` }) },
        },
      }),
    );
    if (alarmEmail !== null) {
      topic.addSubscription(new EmailSubscription(alarmEmail));
      acknowledge(
        topic,
        "Serverless-SNSRedrivePolicy",
        "An alarm that no mail could tell of is still seen in CloudWatch.",
      );
    }
    return topic;
  }
}
