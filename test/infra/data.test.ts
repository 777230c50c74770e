import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { installation, resourcesOf, templates } from "./support/installation.ts";

const stored = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key"];

describe("the data stack", async () => {
  const { data: stack } = await installation();
  const data = Template.fromStack(stack);

  test("keeps bucket, table and key when it is deleted, and cannot be deleted by mistake", () => {
    for (const type of stored)
      for (const { id, deletionPolicy } of resourcesOf(data, type))
        expect([id, deletionPolicy]).toEqual([id, "Retain"]);
    data.hasResourceProperties("AWS::DynamoDB::Table", { DeletionProtectionEnabled: true });
    expect(stack.terminationProtection).toBe(true);
  });

  test("lets everything go where the options say so", async () => {
    const { data: doomed } = await installation({ removalPolicy: "destroy" });
    const template = Template.fromStack(doomed);

    for (const type of stored)
      for (const { id, deletionPolicy } of resourcesOf(template, type))
        expect([id, deletionPolicy]).toEqual([id, "Delete"]);
    template.hasResourceProperties("AWS::DynamoDB::Table", { DeletionProtectionEnabled: false });
    expect(doomed.terminationProtection).toBe(false);
  });

  test("encrypts with a key that is renewed every year", () => {
    data.hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
    data.hasResourceProperties("AWS::DynamoDB::Table", {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: Match.anyValue() },
    });
    const algorithms = resourcesOf(data, "AWS::S3::Bucket").map(({ properties }) => JSON.stringify(properties));
    expect(algorithms.filter((text) => text.includes('"SSEAlgorithm":"aws:kms"'))).toHaveLength(1);
    expect(algorithms.filter((text) => text.includes('"SSEAlgorithm":"AES256"'))).toHaveLength(1);
  });

  test("can go back to any second of the last weeks, and undo a deletion of an object for a week", () => {
    data.hasResourceProperties("AWS::DynamoDB::Table", {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      BillingMode: "PAY_PER_REQUEST",
    });
    data.hasResourceProperties("AWS::S3::Bucket", {
      VersioningConfiguration: { Status: "Enabled" },
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Prefix: "state/", NoncurrentVersionExpiration: { NoncurrentDays: 7 } }),
        ]),
      },
    });
  });

  test("expires scratch and logs, and nothing that is the product's memory", () => {
    const rules = resourcesOf(data, "AWS::S3::Bucket").flatMap(({ properties }) => {
      const { Rules } = properties["LifecycleConfiguration"] as {
        Rules: { Prefix?: string; ExpirationInDays?: number }[];
      };
      return Rules.filter((rule) => rule.ExpirationInDays !== undefined);
    });

    expect(rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays])).toEqual([
      [undefined, 30],
      ["work/", 30],
      ["dispatch/", 2],
      ["staging/", 1],
    ]);
  });

  test("shows nothing to the public and answers nobody without TLS", () => {
    for (const { properties } of resourcesOf(data, "AWS::S3::Bucket"))
      expect(properties["PublicAccessBlockConfiguration"]).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
    const policies = resourcesOf(data, "AWS::S3::BucketPolicy").map(({ properties }) => JSON.stringify(properties));
    expect(policies).toHaveLength(2);
    for (const policy of policies) expect(policy).toContain('"aws:SecureTransport":"false"');
  });

  test("announces every object by EventBridge, without a function to set that up", () => {
    data.hasResourceProperties("AWS::S3::Bucket", {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    data.resourceCountIs("AWS::Lambda::Function", 0);
  });

  test("lets services use the key for this account alone", () => {
    const statements = resourcesOf(data, "AWS::KMS::Key").flatMap(({ properties }) => {
      const { Statement } = properties["KeyPolicy"] as {
        Statement: { Principal: { Service?: unknown }; Condition?: unknown }[];
      };
      return Statement;
    });
    const services = statements.filter(({ Principal }) => Principal.Service !== undefined);

    expect(services).not.toHaveLength(0);
    for (const { Condition } of services) expect(JSON.stringify(Condition)).toContain("AWS::AccountId");
  });

  test("is not the worse for having its options changed in the other stack", async () => {
    const { data: other } = await templates({ sftp: "off", natGateways: "0" });

    expect(other.toJSON()["Resources"]).toEqual(data.toJSON()["Resources"]);
  });
});
