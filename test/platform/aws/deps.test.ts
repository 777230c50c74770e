import { describe, expect, test, vi } from "vitest";
import { type AccountId, spellId } from "../../../lib/model/ids.ts";
import { awsDeps, awsEnvironment } from "../../../lib/platform/aws/deps.ts";
import { type EmptyAws, emptyAws } from "../../support/aws/aws-world.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const writerRole = { WS_WRITER_ROLE_ARN: "arn:aws:iam::123456789012:role/my-sync-writer" };
const accountId = accountOf(1);

function accountOf(number: number): AccountId {
  return spellId<AccountId>("account", new Uint8Array(14).fill(number));
}

function openDeps(aws: EmptyAws, folder: string) {
  const logged: unknown[] = [];
  const deps = awsDeps(aws.environment, {
    scratchFolder: `${folder}/scratch`,
    log: (event, fields) => logged.push({ event, ...fields }),
  });
  return { deps, logged };
}

describe("the ports of a function", () => {
  test("work with the function's own keys, and log each call by what it asks of IAM", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws();
    const { deps, logged } = openDeps(aws, folder.path);

    await deps.table.get({ pk: "accounts", sk: "x" });
    await deps.files.get("state/ac1/1/state.json");
    await deps.secrets.get("connection/ac1/cn1/1").catch(() => undefined);

    expect(aws.calls).toEqual([
      { key: "AKIDFUNCTION", service: "dynamodb" },
      { key: "AKIDFUNCTION", service: "s3" },
      { key: "AKIDFUNCTION", service: "secretsmanager" },
    ]);
    expect(logged).toEqual([
      { event: "aws-call", call: "dynamodb:GetItem table" },
      { event: "aws-call", call: "s3:GetObject bucket/state" },
      { event: "aws-call", call: "secretsmanager:GetSecretValue secret" },
    ]);
  });

  test("offer the installation's kinds of warehouse, and no others", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws();
    const { deps } = openDeps(aws, folder.path);

    expect((await deps.destination("postgres")).kind).toBe("postgres");
    await expect(deps.destination("duckdb")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(deps.destinationKinds).toEqual(["postgres"]);
  });

  test("dial no private address", async ({ signal }) => {
    using folder = tempFolder();
    await using aws = await emptyAws();
    const { deps } = openDeps(aws, folder.path);

    await expect(deps.dial("10.0.0.1", 5432, signal)).rejects.toMatchObject({ code: "HOST_BLOCKED" });
  });

  test.each([
    ["", true],
    ["s-0123456789abcdef0", false],
  ])("take an object for a whole upload only where there is no SFTP: %o", async (WS_SFTP_SERVER_ID, areWhole) => {
    using folder = tempFolder();
    await using aws = await emptyAws({ WS_SFTP_SERVER_ID });

    expect(openDeps(aws, folder.path).deps.uploadsAreWhole).toBe(areWhole);
  });

  test("start an engine at the first session, sized to the memory of the function", async ({ signal }) => {
    using folder = tempFolder();
    await using aws = await emptyAws();
    vi.stubEnv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3538");
    const { deps } = openDeps(aws, folder.path);

    await using session = await deps.engine.open(signal);
    const [settings] = await session.json(
      "SELECT current_setting('threads')::VARCHAR AS threads, current_setting('memory_limit') AS memory",
    );
    deps.engine.close();

    expect(settings).toMatchObject({ threads: "2", memory: "1.3 GiB" });
  });
});

describe("a writer's ports for one account", () => {
  test("work with the keys of one session of that account", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws(writerRole);
    const { deps, logged } = openDeps(aws, folder.path);

    const own = deps.forAccount(accountId);
    await own.table.get({ pk: `account/${accountId}/`, sk: "account" });
    await own.files.get(`plan/${accountId}/rn1/plan.json`);
    await own.secrets.get(`connection/${accountId}/cn1/1`).catch(() => undefined);

    expect(aws.sts.assumed.map(({ tags }) => tags["account"])).toEqual([accountId]);
    expect(new Set(aws.calls.map(({ key }) => key))).toEqual(new Set(["ASIA0"]));
    expect(logged).toContainEqual({ event: "aws-call", call: "sts:AssumeRole role/writer" });
  });

  test("are kept for its next call, and are not those of another account", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws(writerRole);
    const { deps } = openDeps(aws, folder.path);

    const own = deps.forAccount(accountId);
    const other = deps.forAccount(accountOf(2));
    await other.table.get({ pk: "x", sk: "y" });

    expect(deps.forAccount(accountId)).toBe(own);
    expect(other.table).not.toBe(own.table);
    expect(aws.sts.assumed.map(({ tags }) => tags["account"])).toEqual([accountOf(2)]);
  });

  test("are forgotten when twenty other accounts came after", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws(writerRole);
    const { deps } = openDeps(aws, folder.path);

    const first = deps.forAccount(accountOf(0));
    for (let number = 1; number <= 20; number += 1) deps.forAccount(accountOf(number));

    expect(deps.forAccount(accountOf(20))).toBe(deps.forAccount(accountOf(20)));
    expect(deps.forAccount(accountOf(0))).not.toBe(first);
  });

  test("are given to nobody but writers", async () => {
    using folder = tempFolder();
    await using aws = await emptyAws();
    const { deps } = openDeps(aws, folder.path);

    expect(() => deps.forAccount(accountId)).toThrow(TypeError);
  });
});

test("an environment that is not the one of the infrastructure is refused with the name of what is missing", () => {
  expect(() => awsEnvironment()).toThrow(/WS_NAME/);
});
