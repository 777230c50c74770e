import { STSClient } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { shardOf } from "../../../lib/flows/store/shards.ts";
import { type AccountId, spellId } from "../../../lib/model/ids.ts";
import { minuteMs } from "../../../lib/model/time.ts";
import { awsClient } from "../../../lib/platform/aws/clients.ts";
import { writerCredentials } from "../../../lib/platform/aws/writer-credentials.ts";
import { testOptions } from "../../support/aws/client.ts";
import { startStsServer } from "../../support/aws/sts-server.ts";
import { windableClock } from "../../support/clock.ts";

const roleArn = "arn:aws:iam::123456789012:role/my-sync-writer";
const accountId = spellId<AccountId>("account", new Uint8Array(14).fill(7));

async function credentialsBed() {
  const clock = windableClock();
  const server = await startStsServer(() => clock.now());
  const client = awsClient(STSClient, testOptions(server));
  return {
    clock,
    assumed: server.assumed,
    credentials: writerCredentials({ client, roleArn, clock }, accountId),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("the role is taken on in a session that carries the account and its shard", async () => {
  await using bed = await credentialsBed();

  const session = await bed.credentials();

  expect(session).toMatchObject({ accessKeyId: "ASIA0", sessionToken: "token-0" });
  expect(bed.assumed).toEqual([
    {
      roleArn,
      sessionName: `writer-${accountId}`,
      seconds: 3_600,
      tags: { account: accountId, shard: String(shardOf(accountId)) },
      externalId: null,
    },
  ]);
});

test("one session serves until five minutes before its end", async () => {
  await using bed = await credentialsBed();

  const first = await bed.credentials();
  bed.clock.wind(54 * minuteMs);
  const late = await bed.credentials();
  bed.clock.wind(minuteMs);
  const next = await bed.credentials();

  expect(late).toEqual(first);
  expect(next.accessKeyId).toBe("ASIA1");
});

test("clients that ask at once share one session", async () => {
  await using bed = await credentialsBed();

  await Promise.all([bed.credentials(), bed.credentials(), bed.credentials()]);

  expect(bed.assumed).toHaveLength(1);
});
