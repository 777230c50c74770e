import { randomUUID } from "node:crypto";
import { CreateBucketCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { afterAll, expect, test, vi } from "vitest";
import { openFiles } from "../../lib/platform/aws/files.ts";
import { openSecrets } from "../../lib/platform/aws/secrets.ts";
import { openTable } from "../../lib/platform/aws/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { createStateTable, dynamoDbClient, hoursOf, s3Client, secretsClient } from "../support/aws/clients.ts";
import { startMoto } from "../support/aws/moto-server.ts";
import { windableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { describeFiles } from "./files-contract.ts";
import { describeSecrets } from "./secrets-contract.ts";
import { describeTable } from "./table-contract.ts";

const moto = await startMoto();
afterAll(() => moto?.[Symbol.asyncDispose]());

/** No other process is to reach it: moto takes no care of what meets. */
const address = { module: "", args: [] };

if (moto === undefined) {
  test("without moto_server nobody gives a second opinion, and it is said aloud", () => {
    const warn = vi.spyOn(console, "warn");

    console.warn("moto_server is not installed: the stores were tried against our own stand-ins alone");

    expect(warn).toHaveBeenCalledWith(expect.stringContaining("moto_server is not installed"));
  });
} else {
  describeTable(
    "the table in moto's DynamoDB",
    async () => {
      const client = dynamoDbClient(moto.url);
      const tableName = `state-${randomUUID()}`;
      await createStateTable(client, tableName);
      const clock = windableClock();
      const table = openTable({ client, tableName, clock: hoursOf(clock) });
      return { table, clock, address, [Symbol.asyncDispose]: async () => client.destroy() };
    },
    { flaws: ["n < '9'"], raises: 0 },
  );

  describeFiles(
    "the files in moto's S3",
    async () => {
      const client = s3Client(moto.url);
      const bucket = `files-${randomUUID()}`;
      const LocationConstraint = "eu-west-1";
      await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint } }));
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
      const scratch = tempFolder();
      return {
        files: openFiles({ client, bucket, scratchFolder: scratch.path, clock: systemClock }),
        clock: windableClock(),
        address,
        [Symbol.asyncDispose]: async () => {
          client.destroy();
          scratch[Symbol.dispose]();
        },
      };
    },
    { kills: 0, flaws: ["the time of change", "state/new\nline"] },
  );

  describeSecrets("the secrets in moto's Secrets Manager", async () => {
    const client = secretsClient(moto.url);
    const kmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/k";
    const open = () => openSecrets({ client, prefix: `${randomUUID()}/`, kmsKeyArn, clock: systemClock });
    const secrets = open();
    return { secrets, reopen: async () => secrets, [Symbol.asyncDispose]: async () => client.destroy() };
  });
}
