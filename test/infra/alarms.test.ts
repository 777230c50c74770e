import { beforeAll, describe, expect, test } from "vitest";
import { alarmAnchors } from "../../lib/infra/constructs/alarm-specs.ts";
import { Alarms } from "../../lib/infra/constructs/alarms.ts";
import { Api } from "../../lib/infra/constructs/api.ts";
import { Dashboard } from "../../lib/infra/constructs/dashboard.ts";
import { Machines } from "../../lib/infra/constructs/machines.ts";
import { watchedMetrics } from "../../lib/infra/constructs/watched-metrics.ts";
import { failureMetrics, healthMetrics } from "../../lib/platform/aws/metric-names.ts";
import { type Bench, bench, findings, onlyResource, resources } from "./support/stand-ins.ts";

function watched(options: Readonly<Record<string, unknown>> = {}): Bench {
  const made = bench(options);
  const { config, stack, functions } = made;
  const stored = made.data.storage;
  const { restApi } = new Api(stack, "Api", { config, functions, stored });
  const machines = new Machines(stack, "Machines", { config, functions, stored });
  const deadLetters = { executions: machines.deadLetters };
  const parts = { config, functions, machines, restApi, deadLetters, table: stored.table };
  const metrics = watchedMetrics(parts);
  new Alarms(stack, "Alarms", { ...parts, stored, metrics });
  new Dashboard(stack, "Dashboard", { ...parts, metrics });
  return made;
}

let made: Bench;
let template: ReturnType<Bench["template"]>;
beforeAll(() => {
  made = watched({ alarmEmail: "ops@example.com", runbookUrl: "https://example.com/runbook" });
  template = made.template();
});

const alarms = () => Object.values(resources(template, "AWS::CloudWatch::Alarm"));
const alarm = (name: string) => alarms().find((each) => each["AlarmName"] === `warehouse-sync-${name}`);

describe("alarms", () => {
  test("each say how bad it is, what has happened and where to read on", () => {
    for (const each of alarms())
      expect(each["AlarmDescription"]).toMatch(
        /^\[(page|ticket)\] .+\. What to do: https:\/\/example\.com\/runbook#[a-z-]+$/,
      );
    const anchors = new Set(alarms().map((each) => String(each["AlarmDescription"]).split("#")[1]));
    expect([...anchors].sort()).toEqual([...alarmAnchors]);
  });

  test("look at every metric that our functions count for them", () => {
    const seen = JSON.stringify(alarms());

    for (const name of [...Object.values(failureMetrics), healthMetrics.freshnessSecondsMax])
      expect(seen).toContain(`"${name}"`);
    expect(seen).toContain(healthMetrics.watermarkLagSecondsMax);
    expect(seen).toContain(healthMetrics.oldestOpenImportSeconds);
  });

  test("go off where data is older than two hours, or an import than one", () => {
    expect(alarm("data-not-fresh")).toMatchObject({
      MetricName: "FreshnessSecondsMax",
      Namespace: "WarehouseSync",
      Dimensions: [{ Name: "service", Value: "warehouse-sync" }],
      Threshold: 7_200,
      TreatMissingData: "notBreaching",
    });
    expect(alarm("imports-stuck")).toMatchObject({ MetricName: "OldestOpenImportSeconds", Threshold: 3_600 });
  });

  test("go off where nothing is heard of the sweep or of the hour", () => {
    for (const name of ["health-unknown", "hour-missed"])
      expect(alarm(name)).toMatchObject({ ComparisonOperator: "LessThanThreshold", TreatMissingData: "breaching" });
  });

  test("watch each queue of dead letters", () => {
    const watching = alarm("dead-letters-executions");

    expect(watching).toMatchObject({ Threshold: 1 });
    expect(JSON.stringify(watching)).toMatch(/QueueName.*ApproximateNumberOfMessagesVisible/);
  });

  test("tell a topic that is encrypted, takes TLS alone, and takes it from our alarms alone", () => {
    const topic = onlyResource(template, "AWS::SNS::Topic");
    const { Statement } = onlyResource(template, "AWS::SNS::TopicPolicy")["PolicyDocument"] as {
      readonly Statement: readonly Record<string, unknown>[];
    };

    expect(topic).toMatchObject({ KmsMasterKeyId: expect.anything() });
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    );
    const allowed = Statement.filter((each) => each["Effect"] === "Allow");
    expect(allowed).toMatchObject([{ Principal: { Service: "cloudwatch.amazonaws.com" }, Action: "sns:Publish" }]);
    expect(JSON.stringify(allowed)).toMatch(/aws:SourceAccount.*alarm:warehouse-sync-\*/);
    expect(onlyResource(template, "AWS::SNS::Subscription")).toMatchObject({
      Protocol: "email",
      Endpoint: "ops@example.com",
    });
  });

  test("cost what their description says: 16 alarms over 20 metrics, with three queues more", () => {
    const metricsOf = (each: Readonly<Record<string, unknown>>) =>
      ((each["Metrics"] ?? [{ MetricStat: {} }]) as readonly Record<string, unknown>[]).filter(
        (metric) => metric["MetricStat"] !== undefined,
      ).length;

    const counted = alarms().reduce((sum, each) => sum + metricsOf(each), 0);

    expect({ alarms: alarms().length + 3, metrics: counted + 3 }).toEqual({ alarms: 16, metrics: 20 });
  });

  test("tell nobody while they are paused, and nobody by mail unless asked to", () => {
    const paused = watched({ alarmsPaused: true }).template();

    for (const each of Object.values(resources(paused, "AWS::CloudWatch::Alarm")))
      expect(each["ActionsEnabled"]).toBe(false);
    expect(resources(paused, "AWS::SNS::Subscription")).toEqual({});
  });
});

test("the dashboard shows every metric that our functions count", () => {
  const body = JSON.stringify(onlyResource(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]);

  for (const name of [...Object.values(healthMetrics), ...Object.values(failureMetrics)]) expect(body).toContain(name);
});

test("alarms and dashboard leave cdk-nag nothing to find", () => {
  expect(findings(made.stack)).toEqual([]);
});
