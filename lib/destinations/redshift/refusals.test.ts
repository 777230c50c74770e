import {
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grammarRules } from "./stand-in/refusals.ts";
import { type EngineSession, openEngineSession } from "./stand-in/session.ts";
import { openOptionsOf, type RedshiftTestbed, testbeds } from "./testbed.ts";

let bed: RedshiftTestbed;
let session: EngineSession;
beforeAll(async () => {
  bed = (await testbeds["password"]?.()) as RedshiftTestbed;
  const { database, username, password } = bed.settings as Record<string, string>;
  session = await openEngineSession(bed.world, {
    user: username ?? "",
    password: password ?? "",
    database: database ?? "",
  });
  await bed.administer("CREATE TABLE analytics.t (a int)");
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

describe("statements that Redshift does not take", () => {
  test.each(grammarRules.map((rule) => [rule.name, rule] as const))(
    "%s",
    async (_name, { tried, sqlState, message, source }) => {
      await expect(session.run(tried)).rejects.toMatchObject({ sqlState, message: expect.stringContaining(message) });

      expect(source).toMatch(/^[\w-]+$/);
    },
  );

  test("are at least forty, each with a name of its own", () => {
    expect(new Set(grammarRules.map(({ name }) => name)).size).toBeGreaterThanOrEqual(40);
  });
});

describe("calls that the Data API does not take", () => {
  const client = () => {
    const { awsEndpoints } = openOptionsOf(bed.handle);
    bed.world.keys.set("ASIATEST", {
      secret: "x",
      token: "y",
      endsAtMs: Number.POSITIVE_INFINITY,
      role: [...bed.world.roles.keys()][0] ?? "",
      reads: undefined,
    });
    const credentials = { accessKeyId: "ASIATEST", secretAccessKey: "x", sessionToken: "y" };
    return new RedshiftDataClient({
      region: "eu-west-1",
      endpoint: awsEndpoints?.["redshift-data"] ?? "",
      credentials,
      maxAttempts: 1,
    });
  };
  const about = () => ({
    Database: String(bed.settings["database"]),
    WorkgroupName: "stand-in",
    DbUser: String(bed.settings["username"]),
  });
  const cases = [
    [
      "a statement of more than 100 KB",
      () => new ExecuteStatementCommand({ ...about(), Sql: `SELECT '${"x".repeat(100_001)}'` }),
      "ValidationException",
    ],
    [
      "more than forty statements",
      () => new BatchExecuteStatementCommand({ ...about(), Sqls: Array.from({ length: 41 }, () => "SELECT 1") }),
      "ValidationException",
    ],
    ["no statement", () => new BatchExecuteStatementCommand({ ...about(), Sqls: [] }), "ValidationException"],
    [
      "a workgroup that there is not",
      () => new ExecuteStatementCommand({ ...about(), WorkgroupName: "other", Sql: "SELECT 1" }),
      "ValidationException",
    ],
    [
      "a secret that there is not",
      () => new ExecuteStatementCommand({ ...about(), SecretArn: "arn:aws:x", Sql: "SELECT 1" }),
      "ValidationException",
    ],
  ] as const;
  test.each(cases)("%s", async (_name, command, name) => {
    await expect(client().send(command() as ExecuteStatementCommand)).rejects.toMatchObject({ name });
  });

  test("keys that STS did not give out", async () => {
    const { awsEndpoints } = openOptionsOf(bed.handle);
    const stranger = new RedshiftDataClient({
      region: "eu-west-1",
      endpoint: awsEndpoints?.["redshift-data"] ?? "",
      credentials: { accessKeyId: "AKIAX", secretAccessKey: "x" },
      maxAttempts: 1,
    });

    await expect(stranger.send(new ExecuteStatementCommand({ ...about(), Sql: "SELECT 1" }))).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
  });

  test("the same token twice as anything new: it answers the first statement", async () => {
    const twice = { ...about(), Sqls: ["SELECT 1"], ClientToken: "once" };

    const [first, second] = [
      await client().send(new BatchExecuteStatementCommand(twice)),
      await client().send(new BatchExecuteStatementCommand(twice)),
    ];

    expect(second.Id).toBe(first.Id);
  });
});
