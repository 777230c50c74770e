import { describe, expect, test } from "vitest";
import { AuditTrail } from "../../lib/infra/constructs/audit-trail.ts";
import { bench, findings, onlyResource, resources } from "./support/stand-ins.ts";

function trail(options: Readonly<Record<string, unknown>> = {}) {
  const made = bench(options);
  new AuditTrail(made.stack, "AuditTrail", { config: made.config, stored: made.data.storage });
  return { ...made, template: made.template() };
}

describe("the audit trail", () => {
  test("notes who reads, writes and deletes customers' files, and nothing that functions do among themselves", () => {
    const { template } = trail();

    const { AdvancedEventSelectors, EnableLogFileValidation } = onlyResource(template, "AWS::CloudTrail::Trail");
    expect(EnableLogFileValidation).toBe(true);
    const selectors = JSON.stringify(AdvancedEventSelectors);
    for (const prefix of ["inbox", "results", "archive"]) expect(selectors).toContain(`/${prefix}/`);
    expect(selectors).not.toContain("/work/");
  });

  test("lies encrypted in a bucket of its own, for a year, closed to all but this trail", () => {
    const { template } = trail();

    const bucket = onlyResource(template, "AWS::S3::Bucket");
    expect(bucket).toMatchObject({
      BucketEncryption: expect.anything(),
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: expect.arrayContaining([expect.objectContaining({ ExpirationInDays: 365 })]) },
    });
    const { Statement } = onlyResource(template, "AWS::S3::BucketPolicy")["PolicyDocument"] as {
      readonly Statement: readonly Record<string, unknown>[];
    };
    for (const statement of Statement.filter((each) => each["Effect"] === "Allow"))
      expect(JSON.stringify(statement["Condition"])).toContain("trail/warehouse-sync-audit");
  });

  test("outlives its stack unless the options say otherwise", () => {
    const policy = (options: Readonly<Record<string, unknown>>) =>
      Object.values(trail(options).template.findResources("AWS::S3::Bucket"))[0]?.["DeletionPolicy"];

    expect(policy({})).toBe("Retain");
    expect(policy({ removalPolicy: "destroy" })).toBe("Delete");
  });

  test("leaves cdk-nag nothing to find", () => {
    const { stack, template } = trail();

    expect(Object.keys(resources(template, "AWS::CloudTrail::Trail"))).toHaveLength(1);
    expect(findings(stack)).toEqual([]);
  });
});
