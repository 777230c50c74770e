import { describe, expect, test } from "vitest";
import { SftpEndpoint } from "../../lib/infra/constructs/sftp-endpoint.ts";
import type { AccountId, UserId } from "../../lib/model/ids.ts";
import { sessionPolicy } from "../../lib/platform/aws/sftp-session.ts";
import { bench, findings, onlyResource, resources, statementsOf } from "./support/stand-ins.ts";

const hostKeySecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sftp-host-key-AbCdEf";

function endpoint(options: Readonly<Record<string, unknown>> = {}) {
  const made = bench(options);
  const sftp = new SftpEndpoint(made.stack, "Sftp", { config: made.config, stored: made.data.storage });
  return { ...made, sftp, template: made.template() };
}

describe("the SFTP endpoint", () => {
  test("speaks SFTP alone, by a named security policy of 2025 or later", () => {
    const { template } = endpoint();

    const server = onlyResource(template, "AWS::Transfer::Server");
    expect(server).toMatchObject({ Protocols: ["SFTP"], IdentityProviderType: "SERVICE_MANAGED", Domain: "S3" });
    expect(server["SecurityPolicyName"]).toMatch(/^TransferSecurityPolicy-20(2[5-9]|[3-9]\d)-\d\d$/);
    expect(server["ProtocolDetails"]).toMatchObject({ SetStatOption: "ENABLE_NO_OP" });
  });

  test("logs as JSON into an encrypted group that expires", () => {
    const { template } = endpoint({ logRetentionDays: 90 });

    const [id, group] = Object.entries(resources(template, "AWS::Logs::LogGroup"))[0] ?? [];
    expect(group).toMatchObject({ RetentionInDays: 90, KmsKeyId: expect.anything() });
    expect(onlyResource(template, "AWS::Transfer::Server")["StructuredLogDestinations"]).toEqual([
      { "Fn::GetAtt": [id, "Arn"] },
    ]);
  });

  test("tags what came of an upload that broke off, and can tag nothing outside the inbox", () => {
    const { template } = endpoint();

    const details = onlyResource(template, "AWS::Transfer::Server")["WorkflowDetails"];
    expect(details).toMatchObject({ OnPartialUpload: [{ WorkflowId: expect.anything() }] });
    expect(onlyResource(template, "AWS::Transfer::Workflow")["Steps"]).toMatchObject([
      { Type: "TAG", TagStepDetails: { Tags: [{ Key: "partial", Value: "true" }] } },
    ]);
    const objects = statementsOf(template, "Tags what came of an SFTP upload that broke off").filter(isOfObjects);
    expect(objects.map(({ Resource }) => JSON.stringify(Resource))).toEqual([expect.stringContaining("/inbox/*")]);
  });

  test("lets sessions write to the inbox alone, and only for users of this server", () => {
    const { template } = endpoint();

    const statements = statementsOf(template, "Sessions of SFTP users: inbox and results");
    for (const { Action, Resource } of statements.filter(isOfObjects)) {
      const isWrite = [Action].flat().some((action) => /Put|Delete/.test(action));
      expect(JSON.stringify(Resource)).toContain(isWrite ? "/inbox/*" : "/results/*");
    }
    const listing = statements.find(({ Action }) => Action === "s3:ListBucket");
    expect(listing?.Condition).toEqual({ StringLike: { "s3:prefix": ["inbox/*", "results/*"] } });
    const trust = JSON.stringify(
      roleOf(template, "Sessions of SFTP users: inbox and results")["AssumeRolePolicyDocument"],
    );
    expect(trust).toContain("aws:SourceAccount");
    expect(trust).toMatch(/:user\/.*ServerId.*\/\*/);
  });

  test("allows all that a session's own policy leaves of it, so that uploads and results work", () => {
    const { template } = endpoint();
    const user = { accountId: "ac_1" as AccountId, id: "us_1" as UserId };
    const places = { bucket: "b", keyArn: "k", roleArn: "arn:aws:iam::123456789012:role/r" };
    const session = JSON.parse(sessionPolicy(places, user)) as {
      readonly Statement: readonly { readonly Action: readonly string[]; readonly Resource: readonly string[] }[];
    };

    const allowed = statementsOf(template, "Sessions of SFTP users: inbox and results").flatMap(
      ({ Action, Resource }) =>
        [Action].flat().map((action) => `${action} ${/\/(inbox|results)\//.exec(JSON.stringify(Resource))?.[1] ?? ""}`),
    );
    const wanted = session.Statement.flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((arn) => `${action} ${/\/(inbox|results)\//.exec(arn)?.[1] ?? ""}`)),
    );

    expect(allowed).toEqual(expect.arrayContaining(wanted));
  });

  test("shows a host key of the operator's, whose text the template does not hold", () => {
    const { template, sftp } = endpoint({ sftpHostKeySecret: hostKeySecret });

    expect(onlyResource(template, "AWS::Transfer::Server")["CreateWithHostKey"]).toBe(false);
    expect(onlyResource(template, "AWS::Transfer::HostKey")["HostKeyBody"]).toBe(
      `{{resolve:secretsmanager:${hostKeySecret}:SecretString:::}}`,
    );
    expect(sftp.hostKeyFingerprint).not.toBe("");
  });

  test("keeps the host key that AWS made where there is no other", () => {
    const { template, sftp } = endpoint();

    expect(resources(template, "AWS::Transfer::HostKey")).toEqual({});
    expect(sftp.hostKeyFingerprint).toBe("");
  });

  test("goes by the operator's host name", () => {
    const { template, sftp } = endpoint({ sftpHostName: "sftp.example.com" });

    expect(sftp.host).toBe("sftp.example.com");
    expect(onlyResource(template, "AWS::Transfer::Server")["Tags"]).toContainEqual({
      Key: "transfer:customHostname",
      Value: "sftp.example.com",
    });
  });

  test("leaves cdk-nag nothing to find", () => {
    const { stack } = endpoint();

    expect(findings(stack)).toEqual([]);
  });
});

function isOfObjects({ Action }: { readonly Action: string | readonly string[] }): boolean {
  return [Action].flat().some((action) => /^s3:.*(Object|Upload)/.test(action));
}

function roleOf(template: ReturnType<typeof endpoint>["template"], name: string): Readonly<Record<string, unknown>> {
  const role = Object.values(resources(template, "AWS::IAM::Role")).find((each) => each["Description"] === name);
  if (role === undefined) throw new TypeError(`there is no role ${name}`);
  return role;
}
