import { expect, test } from "vitest";
import { sizeOfStep } from "../../lib/infra/function-sizes.ts";
import type { Price } from "../../lib/model/price.ts";
import { runCostsCommand } from "../../lib/operate/costs/costs-command.ts";
import { dollarsText } from "../../lib/operate/costs/costs-text.ts";
import { dollarsOf, fixedCosts } from "../../lib/operate/costs/fixed-costs.ts";
import { defaultOptions, expectedInventory } from "../../lib/operate/costs/installation-options.ts";
import { inventoryOf } from "../../lib/operate/costs/inventory.ts";
import { monthCosts } from "../../lib/operate/costs/month-costs.ts";
import { prices } from "../../lib/operate/costs/prices.ts";
import { readCountedRun } from "../../lib/operate/costs/read-counted-run.ts";
import { millionRowsCosts, type WorkShape, workCosts } from "../../lib/operate/costs/row-costs.ts";

const shape: WorkShape = {
  sizeOf: () => ({ memoryMb: 1_024 }),
  architecture: "arm64",
  hasNat: true,
  hasSftp: true,
  hasAuditTrail: false,
  warehouse: "internet",
};

test("a bill is what its lines come to", () => {
  const counts = {
    steps: { "parse-range": { calls: 10, seconds: 100 } },
    transitions: 1_000,
    tableReads: 1_000_000,
    tableWrites: 1_000_000,
    s3Puts: 1_000,
    s3Gets: 1_000,
    secretCalls: 0,
    executions: 1,
    bytesToWarehouse: 2e9,
    bytesKept: 1e9,
  };

  const bill = Object.fromEntries(workCosts(counts, 0, 1e9, shape).map((line) => [line.what, dollarsOf([line])]));

  expect(bill["Lambda time"]).toBeCloseTo(102 * 0.0000133334, 9);
  expect(bill["Step Functions"]).toBeCloseTo(0.025, 9);
  expect(bill["DynamoDB writes"]).toBeCloseTo(0.625, 9);
  expect(bill["DynamoDB reads"]).toBeCloseTo(0.125, 9);
  expect(bill["S3 writes and lists"]).toBeCloseTo(0.005, 9);
  expect(bill["NAT gateway"]).toBeCloseTo(0.09, 9);
  expect(bill["way out of AWS"]).toBeCloseTo(0.18, 9);
  expect(bill["SFTP"]).toBeCloseTo(0.04, 9);
  expect(bill["Secrets Manager"]).toBeUndefined();
});

test("the default installation without SFTP stays under 50 dollars a month", () => {
  const lines = fixedCosts(expectedInventory({ ...defaultOptions, sftp: false }));

  expect(dollarsOf(lines)).toBeLessThan(50);
});

test.for([
  ["no NAT gateway", { natGateways: "0" }, -(32.85 + 3.65)],
  ["a gateway in each of three zones", { natGateways: "per-zone", zones: 3 }, 2 * (32.85 + 3.65)],
  ["no SFTP", { sftp: false }, -219],
  ["somebody else's VPC", { hasOwnVpc: true }, -(32.85 + 3.65)],
] as const)("%s changes the month by what the price says", ([, options, dollars]) => {
  const before = dollarsOf(fixedCosts(expectedInventory(defaultOptions)));
  const after = dollarsOf(fixedCosts(expectedInventory({ ...defaultOptions, ...options })));

  expect(after - before).toBeCloseTo(dollars, 6);
});

test("an alarm on an expression is billed for each metric in it", () => {
  const metric = (id: string) => ({ Id: id, MetricStat: {} });
  const template = {
    Resources: {
      Plain: { Type: "AWS::CloudWatch::Alarm", Properties: { MetricName: "Errors" } },
      Sum: {
        Type: "AWS::CloudWatch::Alarm",
        Properties: { Metrics: [{ Id: "sum", Expression: "a + b" }, metric("a"), metric("b")] },
      },
      Nat: { Type: "AWS::EC2::NatGateway" },
    },
  };

  expect(inventoryOf([template, {}])).toMatchObject({ alarmMetrics: 3, natGateways: 1, keys: 0 });
});

test("every price has AWS's own page", () => {
  for (const { page, dollars } of Object.values<Price>(prices)) {
    expect(page).toMatch(/^https:\/\/aws\.amazon\.com\//);
    expect(dollars).toBeGreaterThan(0);
  }
});

test("the counts that are kept name only steps that functions do, and more rows cost more", () => {
  const run = readCountedRun();
  const real = { ...shape, sizeOf: sizeOfStep };

  const [few, many] = [1e6, 2e6].map((rows) =>
    monthCosts(expectedInventory(defaultOptions), run, real, { accounts: 1, rows, uploads: 2 }),
  );

  const sum = (parts: typeof few) => (parts ?? []).reduce((total, part) => total + part.dollars, 0);
  expect(dollarsOf(millionRowsCosts(run, real))).toBeGreaterThan(0);
  expect(sum(many)).toBeGreaterThan(sum(few));
  expect(run.large.counts.bytesToWarehouse).toBeGreaterThan(run.large.rows);
});

test("the command tells fixed costs, costs of rows, a month and the targets", () => {
  const said: string[] = [];
  const output = { line: (text: string) => said.push(text), problem: (text: string) => said.push(text) };

  const exitCode = runCostsCommand(["--accounts", "3"], { run: readCountedRun(), sizeOf: sizeOfStep }, output);

  expect(exitCode).toBe(0);
  for (const words of ["Fixed", "A million rows", "of 3 accounts", "targets"]) expect(said.join("\n")).toContain(words);
});

test.for([
  [0, "$0"],
  [219, "$219.00"],
  [0.5, "$0.50"],
  [0.0312, "$0.031"],
  [0.00000063, "$0.00000063"],
] as const)("%d dollars read %s", ([dollars, text]) => {
  expect(dollarsText(dollars)).toBe(text);
});
