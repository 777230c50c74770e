import { describe, expect, test } from "vitest";
import { ConfigInvalid, configFrom } from "../../lib/infra/config.ts";

function refusal(context: Readonly<Record<string, unknown>>): string {
  try {
    configFrom(context);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
  throw new TypeError(`${JSON.stringify(context)} is taken`);
}

describe("the options", () => {
  test("have defaults for a first deployment: one NAT gateway, SFTP, data that stays", () => {
    expect(configFrom({})).toMatchObject({
      name: "warehouse-sync",
      natGateways: "1",
      zones: 2,
      vpc: null,
      sftp: true,
      removalPolicy: "retain",
      tablePrefix: "klaviyo_",
      logRetentionDays: 30,
      architecture: "arm64",
    });
  });

  test("are read from text as the command line gives it, and from cdk.json as it stands there", () => {
    const text = configFrom({ natGateways: "0", zones: "3", sftp: "off", logRetentionDays: "90", alarmsPaused: "on" });
    const json = configFrom({ natGateways: 0, zones: 3, sftp: false, logRetentionDays: 90, alarmsPaused: true });

    expect(text).toEqual(json);
    expect(text).toMatchObject({ natGateways: "0", zones: 3, sftp: false, logRetentionDays: 90, alarmsPaused: true });
  });

  test("that are objects may come as JSON", () => {
    const vpc = { id: "vpc-0123456789abcdef0", zones: ["eu-west-1a"], privateSubnetIds: ["subnet-0123456789abcdef0"] };

    expect(configFrom({ vpc: JSON.stringify(vpc) })).toEqual(configFrom({ vpc }));
    expect(configFrom({ vpc }).vpc).toEqual({ ...vpc, egressAddresses: [] });
  });

  test("leave the CDK its own keys", () => {
    const foreign = { "@aws-cdk/core:flag": true, "aws:cdk:bundling-stacks": ["*"], "availability-zones:x": ["a"] };

    expect(configFrom(foreign)).toEqual(configFrom({}));
  });
});

describe("a refusal", () => {
  test("of an unknown key names it and those there are", () => {
    expect(refusal({ natGateway: "1" })).toMatch(/^there is no option natGateway; options are name, natGateways, /);
  });

  test.for([
    ["natGateways", "2", /"2".*allowed: NAT gateways .*: 0, 1 or per-zone/],
    ["zones", "4", /"4".*allowed: .*1 to 3/],
    ["sftp", "maybe", /"maybe".*allowed: SFTP endpoint: on or off/],
    ["name", "Warehouse_Sync", /"Warehouse_Sync".*allowed: .*small letters/],
    ["logRetentionDays", "31", /"31".*allowed: Days that logs are kept/],
    ["removalPolicy", "keep", /"keep".*allowed: .*retain or destroy/],
    ["architecture", "riscv", /"riscv".*arm64 or x86_64/],
    ["alarmEmail", "nobody", /"nobody"/],
    ["vpc", "vpc-1", /"vpc-1".*allowed: An existing VPC/],
  ] as const)("of %s names key, given and allowed", ([key, given, words]) => {
    const message = refusal({ [key]: given });

    expect(message.startsWith(`option ${key} cannot be `)).toBe(true);
    expect(message).toMatch(words);
  });

  test("of a field within an object names its path", () => {
    const vpc = { id: "vpc-1", zones: ["eu-west-1a"], privateSubnetIds: ["subnet-0123456789abcdef0"] };

    expect(refusal({ vpc })).toMatch(/^option vpc cannot be .* \(id: /);
  });

  test("speaks of every wrong option at once", () => {
    expect(refusal({ zones: "9", sftp: "maybe" }).split("\n")).toHaveLength(2);
  });

  test("comes for options that contradict each other", () => {
    const subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
    const vpc = { id: "vpc-0123456789abcdef0", zones: ["eu-west-1a"], privateSubnetIds: subnets };

    expect(refusal({ vpc })).toMatch(/one subnet per zone/);
    expect(refusal({ vpc: { ...vpc, privateSubnetIds: subnets.slice(1) }, natGateways: "per-zone" })).toMatch(
      /existing vpc/,
    );
    const egressIps = [{ allocationId: "eipalloc-0123456789abcdef0", address: "203.0.113.9" }];
    expect(refusal({ egressIps, natGateways: "per-zone" })).toMatch(/1 addresses, and there are 2 NAT gateways/);
    expect(refusal({ egressIps, natGateways: "0" })).toMatch(/there are 0 NAT gateways/);
    expect(refusal({ sftp: "off", sftpHostName: "sftp.example.com" })).toMatch(/need sftp to be on/);
  });
});
