import { describe, expect, test } from "vitest";
import { SftpEndpoint } from "../../lib/infra/constructs/sftp-endpoint.ts";
import { Uploads } from "../../lib/infra/constructs/uploads.ts";
import { bench, findings, resources } from "./support/stand-ins.ts";

function uploads(options: Readonly<Record<string, unknown>> = {}) {
  const made = bench(options);
  const { config, stack, functions } = made;
  const stored = made.data.storage;
  const sftp = config.sftp ? new SftpEndpoint(stack, "Sftp", { config, stored }) : null;
  new Uploads(stack, "Uploads", { config, stored, functions, sftp });
  const template = made.template();
  const queues = Object.values(resources(template, "AWS::SQS::Queue"));
  const queue = (name: string) => queues.find((each) => each["QueueName"] === `warehouse-sync-${name}`);
  return { ...made, template, queues, queue };
}

describe("uploads", () => {
  test("import at once when the SFTP server says they are whole, and 15 minutes after the bucket's word otherwise", () => {
    const { template, queue } = uploads();

    expect(queue("uploads-confirmed")).toMatchObject({ DelaySeconds: 0 });
    expect(queue("uploads")).toMatchObject({ DelaySeconds: 900 });
    const patterns = Object.values(resources(template, "AWS::Events::Rule")).map((rule) => rule["EventPattern"]);
    expect(patterns).toContainEqual({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: { bucket: { name: [expect.anything()] }, object: { key: [{ prefix: "inbox/" }] } },
    });
    expect(patterns).toContainEqual({
      source: ["aws.transfer"],
      "detail-type": ["SFTP Server File Upload Completed", "SFTP Server File Rename Completed"],
      detail: { "server-id": [expect.anything()] },
    });
  });

  test("wait for nobody where no SFTP endpoint runs", () => {
    const { template, queue, queues } = uploads({ sftp: "off" });

    expect(queue("uploads")).toMatchObject({ DelaySeconds: 0 });
    expect(queues).toHaveLength(2);
    expect(JSON.stringify(template.toJSON())).not.toContain("aws.transfer");
  });

  test("are tried five times and then kept for 14 days, each message for itself", () => {
    const { template, queue, queues } = uploads();

    for (const each of queues) expect(each).toMatchObject({ SqsManagedSseEnabled: true });
    expect(queue("uploads-dead")).toMatchObject({ MessageRetentionPeriod: 14 * 86_400 });
    for (const name of ["uploads", "uploads-confirmed"])
      expect(queue(name)).toMatchObject({ RedrivePolicy: { maxReceiveCount: 5 }, VisibilityTimeout: 6 * 60 });
    const mappings = Object.values(resources(template, "AWS::Lambda::EventSourceMapping"));
    expect(mappings).toHaveLength(2);
    for (const mapping of mappings)
      expect(mapping).toMatchObject({
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ScalingConfig: { MaximumConcurrency: 10 },
      });
  });

  test("keep an event that could not be delivered", () => {
    const { template } = uploads();

    for (const rule of Object.values(resources(template, "AWS::Events::Rule")))
      expect(rule["Targets"]).toMatchObject([{ DeadLetterConfig: { Arn: expect.anything() } }]);
  });

  test("take messages over TLS alone, and from our rules alone", () => {
    const { template } = uploads();

    for (const policy of Object.values(resources(template, "AWS::SQS::QueuePolicy"))) {
      const { Statement } = policy["PolicyDocument"] as { readonly Statement: readonly Record<string, unknown>[] };
      expect(Statement).toContainEqual(
        expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      );
      for (const statement of Statement.filter((each) => each["Effect"] === "Allow"))
        expect(JSON.stringify(statement["Condition"])).toContain("aws:SourceArn");
    }
  });

  test("leave cdk-nag nothing to find", () => {
    const { stack } = uploads();

    expect(findings(stack)).toEqual([]);
  });
});
