import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAllowed } from "../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { type S3Server, startS3 } from "../../../lib/destinations/stand-ins/s3/s3-server.ts";
import { type AccountId, spellId } from "../../../lib/model/ids.ts";
import { openStagingArea } from "../../../lib/platform/aws/staging-area.ts";
import { type StsServer, startStsServer } from "../../support/aws/sts-server.ts";

const accountId = spellId<AccountId>("account", new Uint8Array(14).fill(1));
const prefix = `staging/${accountId}/`;
const keyArn = "arn:aws:kms:eu-west-1:1:key/k";
const own = { region: "eu-west-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } };
const body = { bytes: Buffer.from("x") };

describe("an account's place for batches on their way", () => {
  let s3: S3Server;
  let sts: StsServer;
  beforeAll(async () => {
    s3 = await startS3({ bucketName: "b" });
    sts = await startStsServer();
  });
  afterAll(async () => {
    await s3[Symbol.asyncDispose]();
    await sts[Symbol.asyncDispose]();
  });
  const area = () =>
    openStagingArea(
      {
        s3: new S3Client({ ...own, endpoint: s3.url, forcePathStyle: true }),
        sts: async () => new STSClient({ ...own, endpoint: sts.endpoint }),
        ...{ bucket: "b", region: "eu-west-1", roleArn: "arn:aws:iam::1:role/writer", keyArn },
      },
      accountId,
    );

  test("takes, lists and removes what lies in it, twice as well as once", async () => {
    const here = area();
    for (const name of ["rn1/b", "rn1/a", "rn10/c"]) await here.put(`${prefix}${name}`, body);
    await here.put(`${prefix}rn1/a`, body);

    expect(await here.list(`${prefix}rn1/`)).toEqual([`${prefix}rn1/a`, `${prefix}rn1/b`]);
    await here.delete([`${prefix}rn1/a`]);
    await here.delete([`${prefix}rn1/a`, `${prefix}rn1/b`]);
    expect(await here.list(prefix)).toEqual([`${prefix}rn10/c`]);
  });

  test.each(["staging/another/x", "inbox/x", `${prefix}../x`])("takes nothing under %s", async (key) => {
    await expect(area().put(key, body)).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
    await expect(area().credentials(key)).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
  });

  test("gives out keys that read one plan's files and nothing else", async () => {
    const keys = await area().credentials(`${prefix}rn1/`);

    expect(keys).toMatchObject({ accessKeyId: expect.stringMatching(/^ASIA/), sessionToken: expect.any(String) });
    const asked = sts.assumed.at(-1);
    expect(asked).toMatchObject({ seconds: 3_600, tags: { account: accountId } });
    const { Statement } = JSON.parse(asked?.policy ?? "") as { Statement: Parameters<typeof isAllowed>[0] };
    const allows = (action: string, resource: string, context = {}) =>
      isAllowed(Statement, { action, resource, context });
    expect(allows("s3:GetObject", `arn:aws:s3:::b/${prefix}rn1/profiles-1.ndjson.gz`)).toBe(true);
    expect(allows("s3:ListBucket", "arn:aws:s3:::b", { "s3:prefix": `${prefix}rn1/` })).toBe(true);
    expect(allows("kms:Decrypt", keyArn)).toBe(true);
    expect(allows("s3:GetObject", `arn:aws:s3:::b/${prefix}rn10/profiles-1.ndjson.gz`)).toBe(false);
    expect(allows("s3:PutObject", `arn:aws:s3:::b/${prefix}rn1/x`)).toBe(false);
    expect(allows("s3:GetObject", `arn:aws:s3:::b/change/${accountId}/x`)).toBe(false);
    expect(allows("s3:ListBucket", "arn:aws:s3:::b", { "s3:prefix": prefix })).toBe(false);
  });
});
