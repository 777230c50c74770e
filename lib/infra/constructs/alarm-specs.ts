import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { sumOf, type WatchedMetrics } from "./watched-metrics.ts";

/** `page`: data waits or calls fail now. `ticket`: somebody should look on the next working day. */
type Severity = "page" | "ticket";

/** One alarm. Its anchor is its section of the runbook and the last part of its name. */
export interface AlarmSpec {
  readonly anchor: AlarmAnchor;
  readonly severity: Severity;
  /** What has happened, for whoever reads it at night. */
  readonly text: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** @default over the threshold or at it */
  readonly comparison?: cloudwatch.ComparisonOperator;
  /** How many periods in a row. @default 1 */
  readonly periods?: number;
  /** @default not breaching: what does not happen is not counted */
  readonly missing?: cloudwatch.TreatMissingData;
}

/** The sections of `docs/runbook.md` that alarms link to. */
export const alarmAnchors = [
  "api-failures",
  "data-not-fresh",
  "dead-letters",
  "executions-ended-badly",
  "function-errors",
  "function-throttles",
  "health-unknown",
  "hour-missed",
  "imports-failed",
  "imports-stuck",
  "runs-failed",
  "table-throttles",
  "watermark-lag",
] as const;
type AlarmAnchor = (typeof alarmAnchors)[number];

const hourSeconds = 3_600;
const { BREACHING } = cloudwatch.TreatMissingData;
const { LESS_THAN_THRESHOLD, GREATER_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;

/** Every alarm but those of the dead-letter queues, which are one each. */
export function alarmSpecs(metrics: WatchedMetrics): readonly AlarmSpec[] {
  return [...dataSpecs(metrics), ...systemSpecs(metrics), ...silenceSpecs(metrics)];
}

function dataSpecs(metrics: WatchedMetrics): readonly AlarmSpec[] {
  return [
    {
      anchor: "data-not-fresh",
      severity: "page",
      text: "A record has waited for its warehouse for more than two hours",
      metric: metrics.freshnessSeconds,
      threshold: 2 * hourSeconds,
      comparison: GREATER_THAN_THRESHOLD,
      periods: 2,
    },
    {
      anchor: "imports-stuck",
      severity: "page",
      text: "An upload has not been imported for more than an hour",
      metric: metrics.oldestOpenImportSeconds,
      threshold: hourSeconds,
      comparison: GREATER_THAN_THRESHOLD,
    },
    {
      anchor: "watermark-lag",
      severity: "ticket",
      text: "A change has been ready for its warehouse for more than two hours",
      metric: metrics.watermarkLagSeconds,
      threshold: 2 * hourSeconds,
      comparison: GREATER_THAN_THRESHOLD,
      periods: 2,
    },
    {
      anchor: "runs-failed",
      severity: "ticket",
      text: "A run has failed",
      metric: metrics.runsFailed,
      threshold: 1,
    },
    {
      anchor: "imports-failed",
      severity: "ticket",
      text: "An import has failed",
      metric: metrics.importsFailed,
      threshold: 1,
    },
  ];
}

function systemSpecs(metrics: WatchedMetrics): readonly AlarmSpec[] {
  const quarter = Duration.minutes(15);
  return [
    {
      anchor: "executions-ended-badly",
      severity: "ticket",
      text: "An execution of a state machine failed, ran out of time or was stopped",
      metric: metrics.executionsEndedBadly,
      threshold: 1,
    },
    {
      anchor: "function-errors",
      severity: "ticket",
      text: "Functions outside the state machines end in errors",
      metric: sumOf(metrics.doorErrors, "Errors outside the machines", quarter),
      threshold: 5,
    },
    {
      anchor: "function-throttles",
      severity: "page",
      text: "Lambda refuses calls: the account's concurrency is used up",
      metric: metrics.throttles,
      threshold: 10,
      periods: 2,
    },
    {
      anchor: "table-throttles",
      severity: "ticket",
      text: "DynamoDB refuses calls to the table",
      metric: sumOf(metrics.tableThrottles, "Throttled calls to the table", quarter),
      threshold: 10,
    },
    {
      anchor: "api-failures",
      severity: "page",
      text: "The API answers with failures of its own",
      metric: metrics.apiFailures,
      threshold: 5,
    },
  ];
}

/** What must happen and did not. */
function silenceSpecs(metrics: WatchedMetrics): readonly AlarmSpec[] {
  return [
    {
      anchor: "health-unknown",
      severity: "page",
      text: "The sweep has not reported for an hour, so no other alarm on data can be believed",
      metric: metrics.healthReports,
      threshold: 1,
      comparison: LESS_THAN_THRESHOLD,
      periods: 4,
      missing: BREACHING,
    },
    {
      anchor: "hour-missed",
      severity: "page",
      text: "The hourly dispatch has not started for two hours",
      metric: metrics.hoursStarted,
      threshold: 1,
      comparison: LESS_THAN_THRESHOLD,
      periods: 2,
      missing: BREACHING,
    },
  ];
}
