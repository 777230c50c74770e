import { describe, expect, test } from "vitest";
import { startStsServer } from "../../../test/support/aws/sts-server.ts";
import { profileRow } from "../../../test/support/change-files.ts";
import { codeOf, commit, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import type { LogId } from "../../model/ids.ts";
import { makeDial } from "../../platform/network/dial.ts";
import type { CheckStep, Dial, OpenOptions } from "../destination.ts";
import { loopbackDial } from "../testbed.ts";
import s3 from "./index.ts";
import { type S3Testbed, startS3Testbed } from "./testbed.ts";

interface CheckRequest {
  readonly settings?: Record<string, unknown>;
  readonly options?: Partial<OpenOptions>;
  readonly externalId?: string;
}

/** The steps of one check, up to the first that failed. */
async function check(bed: S3Testbed, { settings = {}, options = {}, externalId }: CheckRequest = {}) {
  const target = { logId: "lg00000000000001" as LogId, tablePrefix: "klaviyo_" };
  const all = { ...bed.settings, ...settings };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const signal = AbortSignal.timeout(30_000);
  const session = { signal, dial: bed.dial, folder: bed.folder, ...bed.options, ...options };
  await using warehouse = await s3.open(given, externalId === undefined ? target : { ...target, externalId }, session);
  const steps: CheckStep[] = [];
  for await (const step of warehouse.check()) steps.push(step);
  return steps;
}

const lastOf = async (work: Promise<readonly CheckStep[]>) => (await work).at(-1);

describe("the check says what to change", () => {
  test("when the bucket is in another region", async () => {
    await using bed = await startS3Testbed({});

    const failed = await lastOf(check(bed, { settings: { region: "us-east-1" } }));

    expect(failed).toMatchObject({ step: "login", errorCode: "SETTINGS_INVALID" });
    expect(failed?.detail).toContain(`your bucket ${bed.settings["bucket"]} is in eu-west-1, not in us-east-1`);
    expect(failed?.fix).toBe("Write eu-west-1 as the bucket's location (region).");
  });

  const wrong = [
    [
      "an access key ID that is not there",
      { accessKeyId: "AKIAOTHER" },
      "login",
      "AUTH_FAILED",
      /no such access key ID/,
    ],
    ["a wrong secret", { secretAccessKey: "canary-wrong" }, "login", "AUTH_FAILED", /secret access key is not the one/],
    ["a bucket that is not there", { bucket: "another-bucket" }, "login", "PERMISSION_DENIED|OBJECT_MISSING", /./],
    ["a bucket of another account", { bucketOwner: "111111111111" }, "privileges", "PERMISSION_DENIED", /s3:PutObject/],
  ] as const;
  test.for(wrong)("for %s", async ([_name, settings, step, code, words]) => {
    await using bed = await startS3Testbed({});
    if ("bucket" in settings) bed.statements.push(everything);

    const failed = await lastOf(check(bed, { settings }));

    expect(failed?.step).toBe(step);
    expect(code.split("|")).toContain(failed?.errorCode);
    expect(failed?.detail).toMatch(words);
  });

  test("with the account that owns the bucket, where that is the one given", async () => {
    await using bed = await startS3Testbed({ bucketOwner: "210987654321" });

    expect(await lastOf(check(bed))).toMatchObject({ step: "load", ok: true });
  });

  const rights = [
    ["s3:PutObject", "Add", "privileges"],
    ["s3:AbortMultipartUpload", "Add", "privileges"],
    ["s3:GetObject", "ReadBack", "privileges"],
    ["s3:DeleteObject", "RemoveStaged", "privileges"],
    ["s3:ListBucket", "List", "privileges"],
  ] as const;
  test.for(rights)("where %s is lacking, by its name", async ([action, sid, step]) => {
    await using bed = await startS3Testbed({ prefix: "a/b" });
    const index = bed.statements.findIndex(({ Sid }) => Sid === sid);
    const [statement = everything] = bed.statements.splice(index, 1);
    bed.statements.push({ ...statement, Action: statement.Action.filter((each) => each !== action) });

    const failed = await lastOf(check(bed));

    expect(failed).toMatchObject({ step, ok: false, errorCode: "PERMISSION_DENIED" });
    expect(failed?.detail).toContain(action);
    expect(failed?.fix).toContain(`arn:aws:s3:::${bed.settings["bucket"]}/a/b/klaviyo_profile/*`);
  });

  test("where only the folder of a table is closed", async () => {
    await using bed = await startS3Testbed({});
    const index = bed.statements.findIndex(({ Sid }) => Sid === "Add");
    const [statement = everything] = bed.statements.splice(index, 1);
    const open = (statement.Resource ?? []).filter((resource) => !resource.includes("klaviyo_event/"));
    bed.statements.push({ ...statement, Resource: open });

    const failed = await lastOf(check(bed));

    expect(failed).toMatchObject({ step: "tables", errorCode: "PERMISSION_DENIED" });
  });

  test("of a store that overwrites although told not to", async () => {
    await using bed = await startS3Testbed({});
    bed.server.bucket.ignoresConditions = true;

    const failed = await lastOf(check(bed));

    expect(failed).toMatchObject({ step: "privileges", errorCode: "SETTINGS_INVALID" });
    expect(failed?.fix).toContain("If-None-Match");
  });

  test("where a lifecycle rule took the oldest manifest", async () => {
    await using bed = await startS3Testbed({ prefix: "" });
    await check(bed);
    await using rig = await warehouseRig("s3 parquet");
    await using warehouse = await rig.open();
    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));
    const own = rig.bed as S3Testbed;
    await own.server.bucket.delete("lake/v1/klaviyo_sync_receipt/klaviyo_profile/999999999999.json", undefined);

    const failed = await lastOf(check(own));

    expect(failed).toMatchObject({ step: "tables", errorCode: "OBJECT_MISSING" });
    expect(failed?.fix).toContain("lifecycle rule");
  });

  test("leaves nothing of itself in the bucket but the beginnings of its tables", async () => {
    await using bed = await startS3Testbed({});

    await check(bed);
    await check(bed);

    expect(bed.keys()).toEqual([
      "klaviyo_event/_empty.parquet",
      "klaviyo_metric/_empty.parquet",
      "klaviyo_profile/_empty.parquet",
      "klaviyo_sync_receipt/klaviyo_event/999999999999.json",
      "klaviyo_sync_receipt/klaviyo_profile/999999999999.json",
    ]);
  });
});

const everything = { Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] } as const;
const roleArn = "arn:aws:iam::210987654321:role/warehouse-sync";
const ourKeys = async () => ({ accessKeyId: "AKIAOURS", secretAccessKey: "ours" });

describe("a role", () => {
  const asRole = { accessKeyId: undefined, secretAccessKey: undefined, roleArn };

  async function roleBed(mayAssume: Parameters<typeof startStsServer>[1]) {
    const started = new AsyncDisposableStack();
    const bed = started.use(await startS3Testbed({}));
    const sts = started.use(await startStsServer(Date.now, mayAssume));
    for (let index = 0; index < 20; index += 1)
      bed.signers.set(`ASIA${index}`, { secretAccessKey: "secret", sessionToken: `token-${index}` });
    const awsEndpoints = { ...bed.options?.awsEndpoints, sts: sts.endpoint };
    const options = { awsEndpoints, awsKeys: ourKeys };
    return { bed, sts, options, [Symbol.asyncDispose]: () => started.disposeAsync() };
  }

  test("is taken on with the connection's own external ID, and with no other", async () => {
    await using role = await roleBed(({ externalId }) => externalId === "ours-alone");

    const steps = await check(role.bed, { settings: asRole, options: role.options, externalId: "ours-alone" });
    const other = await lastOf(check(role.bed, { settings: asRole, options: role.options, externalId: "somebody" }));

    expect(steps.at(-1)).toMatchObject({ step: "load", ok: true });
    expect(new Set(role.sts.assumed.map((session) => session.externalId))).toEqual(new Set(["ours-alone"]));
    expect(role.sts.assumed[0]).toMatchObject({ roleArn, sessionName: "warehouse-sync" });
    expect(other).toMatchObject({ step: "login", errorCode: "PERMISSION_DENIED" });
  });

  test("that lets itself be taken on without it is refused", async () => {
    await using role = await roleBed(() => true);

    const failed = await lastOf(check(role.bed, { settings: asRole, options: role.options, externalId: "ours-alone" }));

    expect(failed).toMatchObject({ step: "login", errorCode: "SETTINGS_INVALID" });
    expect(failed?.fix).toContain('"sts:ExternalId": "ours-alone"');
  });
});

describe("hostile settings", () => {
  const refused: readonly (readonly [string, Record<string, unknown>])[] = [
    ["a bucket with a path", { bucket: "a/b" }],
    ["a bucket that climbs", { bucket: "a..b" }],
    ["a bucket that is an address", { bucket: "169.254.169.254" }],
    ["a bucket with a host's rest", { bucket: "x.evil.example#" }],
    ["a bucket in capitals", { bucket: "Bucket" }],
    ["a region that ends the host", { region: "eu-west-1.evil.example" }],
    ["a region with a line break", { region: "eu-west-1\r\n" }],
    ["a prefix that climbs", { prefix: "a/../b" }],
    ["a prefix with a quote", { prefix: "a'b" }],
    ["a prefix with a slash before", { prefix: "/a" }],
    ["a prefix with a star", { prefix: "a*" }],
    ["a template of another table", { partitions: "all/{object}" }],
    ["a template with an unknown word", { partitions: "{object}/{minute}" }],
    ["a template that climbs", { partitions: "{object}/../x" }],
    ["a template with a lone brace", { partitions: "{object}/{yyyy" }],
    [
      "a role of another service",
      { accessKeyId: undefined, secretAccessKey: undefined, roleArn: "arn:aws:iam::1:user/x" },
    ],
    ["a role with a path that climbs", { roleArn: "arn:aws:iam::210987654321:role/../x" }],
    ["keys and a role", { roleArn }],
    ["a key without its secret", { secretAccessKey: undefined }],
    ["neither keys nor role", { accessKeyId: undefined, secretAccessKey: undefined }],
    ["an endpoint with a user", { endpoint: "https://user@store.example" }],
    ["an endpoint with a path", { endpoint: "https://store.example/x" }],
    ["an endpoint of another protocol", { endpoint: "file:///etc/passwd" }],
    ["an endpoint where the operator allows none", { endpoint: "https://store.example" }],
  ];
  test.for(refused)("%s", async ([_name, settings]) => {
    await using bed = await startS3Testbed({});

    expect(await codeOf(check(bed, { settings }))).toBe("SETTINGS_INVALID");
  });

  const hosts = ["https://127.0.0.1", "https://169.254.169.254", "http://10.0.0.1:9000", "https://localhost:9000"];
  test.for(hosts)("an endpoint at %s is not dialled", async (endpoint) => {
    await using bed = await startS3Testbed({});
    const options = { dial: makeDial(), allowsEndpoints: true };

    expect(await lastOf(check(bed, { settings: { endpoint }, options }))).toMatchObject({ errorCode: "HOST_BLOCKED" });
  });

  test("every connection is the dialler's, the role's included, and by the host that was checked", async () => {
    await using bed = await startS3Testbed({});
    await using sts = await startStsServer();
    const dialled = new Set<string>();
    const dial: Dial = (host, port, signal) => {
      dialled.add(host);
      return loopbackDial(host, port, signal);
    };
    const awsEndpoints = { ...bed.options?.awsEndpoints, sts: sts.endpoint.replace("127.0.0.1", "sts.bed.test") };
    const asRole = { accessKeyId: undefined, secretAccessKey: undefined, roleArn };

    await check(bed, { options: { dial } });
    await check(bed, { settings: asRole, options: { dial, awsEndpoints, awsKeys: ourKeys }, externalId: "ours" });

    expect([...dialled].sort()).toEqual(["s3.bed.test", "sts.bed.test"]);
  });

  test("Amazon's own host is built from bucket and region", async () => {
    await using bed = await startS3Testbed({});
    const dialled: string[] = [];
    const dial: Dial = (host, port) => {
      dialled.push(`${host}:${port}`);
      return Promise.reject(new Error("not today"));
    };
    for (const settings of [{ bucket: "plain" }, { bucket: "with.dots" }, { bucket: "plain", region: "cn-north-1" }])
      await check(bed, { settings, options: { dial, awsEndpoints: {} } });

    expect(dialled).toEqual([
      "plain.s3.eu-west-1.amazonaws.com:443",
      "s3.eu-west-1.amazonaws.com:443",
      "plain.s3.cn-north-1.amazonaws.com.cn:443",
    ]);
  });
});
