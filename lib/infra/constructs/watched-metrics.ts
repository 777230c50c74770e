import { Duration } from "aws-cdk-lib";
import type * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as sqs from "aws-cdk-lib/aws-sqs";
import { type MetricName, metricDimensions, metricNamespace } from "../../platform/aws/metric-names.ts";
import type { Config } from "../config.ts";
import type { FunctionSet } from "./functions.ts";
import type { Machines } from "./machines.ts";

/** What alarms and dashboard look at. */
export interface WatchedParts {
  readonly config: Config;
  readonly functions: FunctionSet;
  readonly machines: Machines;
  readonly restApi: apigateway.RestApi;
  readonly table: dynamodb.ITable;
  /** By what ends up in them. */
  readonly deadLetters: Readonly<Record<string, sqs.IQueue>>;
}

/**
 * Functions that no machine calls: nobody but a person hears of their errors. A step's errors are its machine's business,
 * and the authoriser's an answer of the API: it refuses each wrong token by an error, which anybody can cause.
 */
const doors = ["accept-upload", "answer-call", "close-execution", "sweep"] as const;

/** Every metric that is looked at, once. An alarm costs by the number of metrics in it. */
export type WatchedMetrics = ReturnType<typeof watchedMetrics>;

/** Finds the metrics of the parts. Periods are a quarter of an hour, the sweep's. */
export function watchedMetrics({ config, functions, machines, restApi, table }: WatchedParts) {
  const period = Duration.minutes(15);
  const ours = (metricName: MetricName, statistic: string) =>
    new cloudwatch.Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: { ...metricDimensions(config.name) },
      statistic,
      period,
    });
  const sum = (namespace: string, metricName: string, dimensionsMap: Record<string, string>) =>
    new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic: "Sum", period });
  return {
    freshnessSeconds: ours("FreshnessSecondsMax", "Maximum"),
    watermarkLagSeconds: ours("WatermarkLagSecondsMax", "Maximum"),
    oldestOpenImportSeconds: ours("OldestOpenImportSeconds", "Maximum"),
    syncsErrored: ours("SyncsErrored", "Maximum"),
    syncsFailed: ours("SyncsFailed", "Maximum"),
    runsFailed: ours("RunsFailed", "Sum"),
    importsFailed: ours("ImportsFailed", "Sum"),
    healthReports: ours("FreshnessSecondsMax", "SampleCount"),
    executionsEndedBadly: sum("AWS/Events", "TriggeredRules", { RuleName: machines.endedBadly.ruleName }),
    hoursStarted: machineMetric(machines, "dispatch", "ExecutionsStarted", Duration.hours(1)),
    doorErrors: doors.map((name) => functions.get(name).metricErrors({ period, label: name })),
    // Of the account and region: functions share the account's concurrency, whoever owns them.
    throttles: sum("AWS/Lambda", "Throttles", {}),
    tableThrottles: ["ReadThrottleEvents", "WriteThrottleEvents"].map((name) =>
      sum("AWS/DynamoDB", name, { TableName: table.tableName }),
    ),
    apiFailures: restApi.deploymentStage.metricServerError({ period, statistic: "Sum" }),
    apiCalls: restApi.deploymentStage.metricCount({ period, statistic: "Sum" }),
    apiRefusals: restApi.deploymentStage.metricClientError({ period, statistic: "Sum" }),
  };
}

/** How many executions of a machine did something. */
export function machineMetric(machines: Machines, machine: string, metricName: string, period: Duration) {
  return machines.get(machine).metric(metricName, { period, statistic: "Sum", label: machine });
}

/** How many messages wait in a queue. */
export function waitingIn(queue: sqs.IQueue, label: string): cloudwatch.Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: "Maximum", label });
}

/** Their sum, as one figure. */
export function sumOf(metrics: readonly cloudwatch.IMetric[], label: string, period: Duration) {
  const named = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new cloudwatch.MathExpression({
    expression: Object.keys(named)
      .map((name) => `FILL(${name},0)`)
      .join("+"),
    usingMetrics: named,
    label,
    period,
  });
}
