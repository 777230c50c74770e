import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { addChecks } from "../../lib/infra/app.ts";
import { installation } from "./support/installation.ts";

const ownVpc = {
  id: "vpc-0123456789abcdef0",
  zones: ["eu-west-1a"],
  privateSubnetIds: ["subnet-0123456789abcdef0"],
};
const apiDomain = {
  name: "sync.example.com",
  certificateArn: "arn:aws:acm:eu-west-1:123456789012:certificate/0f0f0f0f-0000-0000-0000-000000000000",
  hostedZone: { id: "Z0123456789ABC", name: "example.com" },
};

/** Options that change what is there, each at least once in every position. */
const variants: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "no NAT gateway and no SFTP": { natGateways: "0", sftp: "off" },
  "a NAT gateway in each of three zones": { natGateways: "per-zone", zones: "3" },
  "a VPC that is there already": { vpc: ownVpc, removalPolicy: "destroy" },
  "every name of one's own, alarms by mail and an audit trail": {
    name: "acme",
    apiDomain,
    sftpHostName: "sftp.example.com",
    alarmEmail: "ops@example.com",
    auditTrail: "on",
    alarmsPaused: "on",
    architecture: "x86_64",
  },
};

/** Every file of an assembly that is deployed, by name. */
async function assembly(options: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
  const { root } = await installation(options);
  addChecks(root);
  const { directory } = root.synth();
  const names = readdirSync(directory).filter((name) => /\.(template|assets)\.json$/.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

describe("the synthesis", () => {
  test("gives the same bytes twice, so that deploying again changes nothing", async () => {
    const first = await assembly({});

    expect(Object.keys(first)).toHaveLength(4);
    expect(await assembly({})).toEqual(first);
  });

  test.for(Object.entries(variants))("takes %s, with no finding of cdk-nag left", async ([, options]) => {
    const files = await assembly(options);

    for (const text of Object.values(files)) {
      expect(text).not.toContain("${Token[");
      expect(text).not.toContain("undefined");
    }
  });

  test("stays within what CloudFormation takes in one template", async () => {
    for (const [name, text] of Object.entries(await assembly({}))) {
      if (!name.endsWith(".template.json")) continue;
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
      expect(Object.keys((JSON.parse(text) as { Resources: object }).Resources).length).toBeLessThan(500);
      expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
    }
  });
});
