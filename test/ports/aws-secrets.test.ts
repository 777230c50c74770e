import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { describe, expect, test } from "vitest";
import { openSecrets } from "../../lib/platform/aws/secrets.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { secretsClient } from "../support/aws/clients.ts";
import { AwsFault } from "../support/aws/json-server.ts";
import { startSecrets } from "../support/aws/secrets-server.ts";
import { describeSecrets } from "./secrets-contract.ts";

const prefix = "warehouse-sync/";
const kmsKeyArn = "arn:aws:kms:eu-west-1:111122223333:key/k";

async function openBed() {
  const server = await startSecrets();
  const client = secretsClient(server.endpoint);
  const open = () => openSecrets({ client, prefix, kmsKeyArn, clock: systemClock });
  return {
    server,
    client,
    secrets: open(),
    reopen: async () => open(),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

describeSecrets("the secrets in Secrets Manager", openBed);

describe("Secrets Manager", () => {
  test("a secret lies under our prefix, by our key", async () => {
    await using bed = await openBed();

    await bed.secrets.put("connection/ac1/cn1/1", "value");

    expect(bed.server.secrets.get("warehouse-sync/connection/ac1/cn1/1")?.kmsKeyId).toBe(kmsKeyArn);
  });

  test("a deleted secret is gone, not scheduled", async () => {
    await using bed = await openBed();
    await bed.secrets.put("a", "value");

    await bed.secrets.delete("a");

    expect([...bed.server.secrets.keys()]).toEqual([]);
  });

  test("a put waits for the name of a secret that was deleted a moment ago", async () => {
    await using bed = await openBed();
    const release = bed.server.holdName(`${prefix}a`);

    const put = bed.secrets.put("a", "value");
    await expect.poll(() => bed.server.calls.length).toBeGreaterThan(1);
    release();
    await put;

    expect(await bed.secrets.get("a")).toBe("value");
  });

  test("a secret that an operator scheduled for deletion is SECRET_UNAVAILABLE", async () => {
    await using bed = await openBed();
    await bed.secrets.put("a", "value");

    await bed.client.send(new DeleteSecretCommand({ SecretId: `${prefix}a` }));

    await expect(bed.secrets.get("a")).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
  });

  test.each(["CreateSecret", "PutSecretValue"])("a lost answer of %s makes no second version", async (operation) => {
    await using bed = await openBed();
    if (operation === "PutSecretValue") await bed.secrets.put("a", "old");
    bed.server.failNext(operation, new AwsFault("InternalServiceError", "internal", 500), { afterwards: true });

    await bed.secrets.put("a", "value");

    expect(await bed.secrets.get("a")).toBe("value");
    expect(bed.server.secrets.get(`${prefix}a`)?.tokens).toHaveLength(operation === "CreateSecret" ? 1 : 2);
  });

  test("a service that never answers is STORE_UNAVAILABLE, and no message holds the value", async () => {
    await using bed = await openBed();
    bed.server.failNext("CreateSecret", new AwsFault("InternalServiceError", "internal", 500), { times: 100 });

    const error: unknown = await bed.secrets.put("a", "hunter2").catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", vendorCode: "InternalServiceError" });
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });

  test("names and sizes that it does not take are a RangeError", async () => {
    await using bed = await openBed();

    await expect(bed.secrets.put("a b", "value")).rejects.toThrow(RangeError);
    await expect(bed.secrets.put("a", "x".repeat(65_537))).rejects.toThrow(RangeError);
  });
});
