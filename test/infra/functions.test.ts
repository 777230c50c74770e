import type { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { functionSpecs } from "../../lib/infra/function-specs.ts";
import { loadKinds } from "../../lib/infra/kinds.ts";
import { impliedBy } from "../../lib/infra/permissions.ts";
import { declaredCalls, type FunctionSpec } from "../../lib/infra/specs/function-spec.ts";
import { writerSpec, writerSpecOf } from "../../lib/infra/specs/sync-specs.ts";
import type { AwsCall } from "../../lib/platform/aws/aws-call.ts";
import { Environment } from "../../lib/platform/aws/environment.ts";
import { resourcesOf, templates } from "./support/installation.ts";
import { type Allowed, allowedTo, flat } from "./support/policies.ts";

const loaded = await loadKinds();
const kinds = loaded.map(({ kind }) => kind);
const writers = kinds.map((kind) => `writer-${kind}`);
const specs: Readonly<Record<string, FunctionSpec>> = {
  ...functionSpecs,
  ...Object.fromEntries(loaded.map((kind) => [`writer-${kind.kind}`, writerSpecOf(kind)])),
};

/** What the resource of a call reads like in a template. */
const places: readonly (readonly [RegExp, (...found: string[]) => RegExp])[] = [
  [/^table$/, () => /StorageTable/],
  [/^bucket\/([\w-]+)$/, (area) => new RegExp(`StorageBucket.*Arn\\w*/${area}/\\*$`)],
  [
    /^machine\/([\w-]+)$/,
    (name) => new RegExp(`:(stateMachine:warehouse-sync-${name}|execution:warehouse-sync-${name}:\\*)$`),
  ],
  [/^secret$/, () => /:secret:warehouse-sync\/\*$/],
  [/^writer$/, () => /:function:warehouse-sync-writer-\w+$/],
  [/^role\/writer$/, () => /WriterScope/],
  [/^role\/customer$/, () => /:iam::\*:role\/\*$/],
  [/^role\/sftp$/, () => /Sftp\w*Role/],
  [/^sftp$/, () => /SftpServer/],
];

/** What a function is allowed beside its declared calls, and on what. */
const implied: readonly (readonly [RegExp, RegExp])[] = [
  [/^logs:(CreateLogStream|PutLogEvents)$/, /Log/],
  [/^xray:Put/, /^\*$/],
  [/^kms:/, /StorageKey/],
];

function callMatches(call: AwsCall, { action, resource, condition }: Allowed): boolean {
  const [wanted, short = ""] = call.split(" ");
  if (wanted !== action) return false;
  if (/^s3:ListBucket/.test(action)) return JSON.stringify(condition).includes(`"${short.replace("bucket/", "")}/*"`);
  for (const [pattern, spelt] of places) {
    const found = pattern.exec(short);
    if (found !== null) return spelt(...found.slice(1)).test(resource);
  }
  throw new TypeError(`nobody knows what ${call} speaks of`);
}

function isImplied(allowed: Allowed, name: string): boolean {
  const spec = specs[name] ?? writerSpec;
  if (impliedBy(declaredCalls(spec, true)).some((call) => callMatches(call, allowed))) return true;
  if (implied.some(([action, resource]) => action.test(allowed.action) && resource.test(allowed.resource))) return true;
  // A look at one key, never a listing.
  if (allowed.action === "s3:ListBucket") return JSON.stringify(allowed.condition) === '{"Null":{"s3:prefix":"true"}}';
  if (allowed.action === "sqs:SendMessage") return spec.isAsync === true;
  if (/^sqs:/.test(allowed.action)) return name === "accept-upload" && !allowed.resource.includes("*");
  return /^ec2:/.test(allowed.action) && name.startsWith("writer-");
}

describe("the functions", async () => {
  const { app } = await templates();
  const made = ours(app);

  test("are one for each folder, and a writer for each kind of warehouse", () => {
    const names = made.map(({ properties }) => properties["FunctionName"]);

    expect(names.toSorted()).toEqual(
      Object.keys(specs)
        .map((name) => `warehouse-sync-${name}`)
        .toSorted(),
    );
  });

  test("have a role each that is nobody else's", () => {
    const roles = made.map(({ properties }) => flat(properties["Role"]));

    expect(new Set(roles).size).toBe(made.length);
  });

  test.for(Object.entries(specs))("%s may make the calls that it declares, and no others", ([name, spec]) => {
    const allowed = allowedTo(app, `warehouse-sync-${name}`);

    const calls = declaredCalls(spec, true);
    const lacking = calls.filter((call) => !allowed.some((each) => callMatches(call, each)));
    const beyond = allowed.filter((each) => !isImplied(each, name) && !calls.some((call) => callMatches(call, each)));
    expect({ lacking, beyond }).toEqual({ lacking: [], beyond: [] });
  });

  test("use the key through the services that hold their data, and in no other way", () => {
    for (const name of Object.keys(specs))
      for (const { action, condition } of allowedTo(app, `warehouse-sync-${name}`))
        if (action.startsWith("kms:"))
          expect([name, condition]).toEqual([name, { StringEquals: { "kms:ViaService": expect.anything() } }]);
  });

  test("that are writers reach the NAT gateway; nobody else is in the VPC", () => {
    const inside = made.filter(({ properties }) => properties["VpcConfig"] !== undefined);

    expect(inside.map(({ properties }) => properties["FunctionName"])).toEqual(
      writers.map((name) => `warehouse-sync-${name}`),
    );
    for (const { properties } of inside)
      expect(flat((properties["VpcConfig"] as { SubnetIds: unknown }).SubnetIds)).toMatch(/WritersSubnet/);
  });

  test("write logs that are encrypted and expire", () => {
    const groups = new Map(resourcesOf(app, "AWS::Logs::LogGroup").map(({ id, properties }) => [id, properties]));

    for (const { properties } of resourcesOf(app, "AWS::Lambda::Function")) {
      const { LogGroup } = properties["LoggingConfig"] as { LogGroup: { Ref: string } };
      expect(groups.get(LogGroup.Ref)).toMatchObject({ RetentionInDays: 30, KmsKeyId: expect.anything() });
    }
    for (const group of groups.values())
      expect(group).toMatchObject({ RetentionInDays: 30, KmsKeyId: expect.anything() });
  });

  test("that rules call leave to a queue what they cannot handle", () => {
    const called = Object.entries(functionSpecs).filter(([, spec]) => spec.isAsync === true);
    const targets = resourcesOf(app, "AWS::Lambda::EventInvokeConfig").map(({ properties }) => ({
      name: flat(properties["FunctionName"]),
      onFailure: flat((properties["DestinationConfig"] as { OnFailure: unknown }).OnFailure),
    }));

    expect(called.map(([name]) => name)).toEqual(["close-execution", "sweep"]);
    expect(targets).toHaveLength(called.length);
    for (const { onFailure } of targets) expect(onFailure).toMatch(/DeadLetters/);
  });

  test("are traced, and run what the options say", async () => {
    for (const { properties } of made)
      expect(properties).toMatchObject({
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Architectures: ["arm64"],
        TracingConfig: { Mode: "Active" },
      });
    const { app: other } = await templates({ architecture: "x86_64", logRetentionDays: "90", name: "acme" });
    for (const { properties } of ours(other, "acme")) expect(properties["Architectures"]).toEqual(["x86_64"]);
    for (const { properties } of resourcesOf(other, "AWS::Logs::LogGroup"))
      expect(properties["RetentionInDays"]).toBe(90);
  });

  test("find an environment that they can read, with nothing secret in it", () => {
    for (const { properties } of made) {
      const { Variables } = properties["Environment"] as { Variables: Record<string, unknown> };
      const texts = Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, flat(value)]));
      const environment = Environment.parse(texts);

      expect(environment).toMatchObject({ WS_NAME: "warehouse-sync", WS_VERSION: "1.2.3", WS_KINDS: kinds });
      expect(environment.WS_TABLE_PREFIX).toBe("klaviyo_");
      const isWriter = String(properties["FunctionName"]).includes("-writer-");
      expect(environment.WS_WRITER_ROLE_ARN !== "").toBe(isWriter);
      expect(Object.keys(texts).filter((name) => !/^(WS_|POWERTOOLS_SERVICE_NAME$|NODE_OPTIONS$)/.test(name))).toEqual(
        [],
      );
    }
  });

  test("have DuckDB where they read or write rows", () => {
    const withLayer = made.filter(({ properties }) => properties["Layers"] !== undefined);

    expect(withLayer.map(({ properties }) => properties["FunctionName"]).toSorted()).toEqual(
      ["answer-call", "consolidate-round", "parse-range", "run-part", ...writers].map(
        (name) => `warehouse-sync-${name}`,
      ),
    );
  });

  test("do without SFTP where there is none", async () => {
    const { app: without } = await templates({ sftp: "off" });

    const text = JSON.stringify(without.toJSON());
    expect(text).not.toContain("AWS::Transfer");
    expect(text).not.toContain('"transfer:');
    expect(text).not.toContain("WS_SFTP");
  });
});

describe("the role of a writer for one account", () => {
  test("is taken on by writers alone, and only with the tags of a session", async () => {
    const { app } = await templates();
    const statements = resourcesOf(app, "AWS::IAM::Role")
      .filter(({ id }) => id.startsWith("FunctionsWriterScope"))
      .flatMap(({ properties }) => {
        const { Statement } = properties["AssumeRolePolicyDocument"] as {
          Statement: { Action: string; Principal: unknown; Condition: unknown }[];
        };
        return Statement;
      });

    expect(new Set(statements.flatMap(({ Action }) => Action))).toEqual(new Set(["sts:AssumeRole", "sts:TagSession"]));
    for (const { Principal, Condition } of statements) {
      expect(flat(Principal)).toMatch(/^arn:|^(FunctionsWriter[A-Z][a-z0-9]+Role[0-9A-F]{8}Arn)+$/);
      expect(Condition).toEqual({ Null: { "aws:RequestTag/account": "false", "aws:RequestTag/shard": "false" } });
    }
  });
});

/** The functions that are ours; the CDK brings one of its own to close the default security group. */
function ours(template: Template, name = "warehouse-sync") {
  return resourcesOf(template, "AWS::Lambda::Function").filter(({ properties }) =>
    String(properties["FunctionName"]).startsWith(`${name}-`),
  );
}
