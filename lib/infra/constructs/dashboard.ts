import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { machineMetric, type WatchedMetrics, type WatchedParts, waitingIn } from "./watched-metrics.ts";

interface DashboardProps extends WatchedParts {
  readonly metrics: WatchedMetrics;
}

/** One page of what alarms look at, most telling first. The first three dashboards of an account cost nothing. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { config, machines, functions, deadLetters, metrics }: DashboardProps) {
    super(scope, id);
    const period = Duration.minutes(15);
    const executions = (metricName: string) =>
      [...machines.byName.keys()].map((machine) => machineMetric(machines, machine, metricName, period));
    new cloudwatch.Dashboard(this, "Page", {
      dashboardName: config.name,
      defaultInterval: Duration.days(1),
      widgets: [
        [
          figure("Oldest record that waits (seconds)", [metrics.freshnessSeconds, metrics.watermarkLagSeconds]),
          figure("Oldest upload not imported (seconds)", [metrics.oldestOpenImportSeconds]),
          figure("Syncs that are errored or failed", [metrics.syncsErrored, metrics.syncsFailed]),
        ],
        [
          figure("Runs and imports that failed", [metrics.runsFailed, metrics.importsFailed]),
          figure("Executions started", executions("ExecutionsStarted")),
          figure("Executions that failed or ran out of time", [
            ...executions("ExecutionsFailed"),
            ...executions("ExecutionsTimedOut"),
          ]),
        ],
        [
          figure("API", [metrics.apiCalls, metrics.apiRefusals, metrics.apiFailures]),
          figure("Errors outside the machines", metrics.doorErrors),
          figure("Refused for lack of capacity", [metrics.throttles, ...metrics.tableThrottles]),
        ],
        [
          figure(
            "Dead letters",
            Object.entries(deadLetters).map(([what, queue]) => waitingIn(queue, what)),
          ),
          figure(
            "Longest call of a writer (ms)",
            Object.entries(functions.writers).map(([kind, writer]) =>
              writer.metricDuration({ period, statistic: "Maximum", label: kind }),
            ),
          ),
        ],
      ],
    });
  }
}

function figure(title: string, left: readonly cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left: [...left], width: 8, height: 6 });
}
