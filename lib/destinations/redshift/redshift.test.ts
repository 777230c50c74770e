import { describe, expect, test } from "vitest";
import { profileRow } from "../../../test/support/change-files.ts";
import { scriptedDial, tamperingDial, tlsDial } from "../../../test/support/tcp-proxy.ts";
import { testCertificate } from "../../../test/support/tls-certificate.ts";
import {
  codeOf,
  commit,
  lastStep,
  type OpenRequest,
  type WarehouseRig,
  warehouseRig,
} from "../../../test/support/warehouse-rig.ts";
import type { RedshiftTestbed } from "./testbed.ts";

type Rig = WarehouseRig & { readonly bed: RedshiftTestbed };

async function redshiftRig(): Promise<Rig> {
  return (await warehouseRig("redshift password")) as Rig;
}

describe("a login by password", () => {
  const wrong = [
    ["a wrong password", { password: "canary" }, "login", "AUTH_FAILED"],
    ["an unknown user", { username: "nobody" }, "login", "AUTH_FAILED"],
    ["an unknown database", { database: "nothing" }, "login", "OBJECT_MISSING"],
    ["a port where nobody listens", { port: 1 }, "reach", "HOST_UNREACHABLE"],
    ["TLS asked of a server without", { sslmode: "verify-full" }, "tls", "TLS_INVALID"],
    ["an unknown schema", { schema: "nowhere" }, "privileges", "OBJECT_MISSING"],
  ] as const;
  test.each(wrong)("with %s fails with a code of its own", async (_name, settings, step, errorCode) => {
    await using rig = await redshiftRig();

    expect(await lastStep(rig, { settings })).toMatchObject({ step, ok: false, errorCode });
  });

  test("checks the certificate's authority and its name", async () => {
    await using rig = await redshiftRig();
    const secure = { sslmode: "verify-full", caCertificate: testCertificate };
    const through = (settings: Record<string, unknown>) => lastStep(rig, { dial: tlsDial(), settings });

    expect(await through({ sslmode: "verify-full" })).toMatchObject({ step: "tls", errorCode: "TLS_INVALID" });
    expect(await through({ ...secure, host: "other.test" })).toMatchObject({ step: "tls", errorCode: "TLS_INVALID" });
    expect(await through(secure)).toMatchObject({ step: "load", ok: true });
  });

  test("finds the schema whatever its letters, since Redshift folds them", async () => {
    await using rig = await redshiftRig();

    expect(await lastStep(rig, { settings: { schema: "Analytics" } })).toMatchObject({ step: "load", ok: true });
  });

  test("to a PostgreSQL is told that this is none of Redshift", async () => {
    await using rig = await redshiftRig();
    await rig.bed.ask(
      "CREATE OR REPLACE FUNCTION redshift.version() RETURNS text LANGUAGE sql AS $$ SELECT 'PostgreSQL 18.4' $$",
    );

    expect(await lastStep(rig)).toMatchObject({ step: "login", errorCode: "SETTINGS_INVALID" });
  });
});

describe("a lacking privilege", () => {
  const revoked = [
    ["use of the schema", "USAGE ON SCHEMA analytics", "GRANT USAGE ON SCHEMA"],
    ["update of a table", "UPDATE ON analytics.klaviyo_profile", "GRANT SELECT, INSERT, UPDATE ON"],
    ["insert of receipts", "INSERT ON analytics.klaviyo_sync_receipt", "GRANT SELECT, INSERT, UPDATE ON"],
  ] as const;
  test.each(revoked)("for %s is named with the grant that mends it", async (_name, what, fix) => {
    await using rig = await redshiftRig();
    await rig.bed.administer(`REVOKE ${what} FROM ${rig.bed.settings["username"]}`);

    const failed = await lastStep(rig);

    expect(failed).toMatchObject({
      step: "privileges",
      errorCode: "PERMISSION_DENIED",
      fix: expect.stringContaining(fix),
    });
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("for temporary tables is named with the grant that mends it", async () => {
    await using rig = await redshiftRig();
    const { database, username } = rig.bed.settings;
    await rig.bed.ask(`REVOKE TEMP ON DATABASE ${database} FROM PUBLIC, ${username}`);

    const failed = await lastStep(rig);

    expect(failed).toMatchObject({ step: "privileges", errorCode: "PERMISSION_DENIED" });
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("for the staging bucket is named with the policy that the cluster's role needs", async () => {
    await using rig = await redshiftRig();
    const iamRole = "arn:aws:iam::210987654321:role/redshift-copy";

    expect(await lastStep(rig, { settings: { iamRole } })).toMatchObject({
      step: "load",
      errorCode: "PERMISSION_DENIED",
      fix: expect.stringContaining(`Attach ${iamRole}`),
    });
    rig.bed.world.clusterRoles.set(iamRole, { reads: `${rig.bed.world.bucket}/` });
    expect(await lastStep(rig, { settings: { iamRole } })).toMatchObject({ step: "load", ok: true });
  });
});

describe("a connection by password that breaks", () => {
  test("after COMMIT was sent, before its answer, leaves the batch taken once", async () => {
    await using rig = await redshiftRig();
    let cuts = 0;
    const dial = tamperingDial((piece, { client, server }) => {
      if (!piece.includes("COMMIT")) return;
      cuts += 1;
      server.unpipe(client);
      client.resetAndDestroy();
    });
    await using sure = await rig.open();
    const batch = await rig.stage(sure, { files: [[profileRow("a", 1)]] });
    await using breaking = await rig.open({ dial });

    expect(await codeOf(commit(breaking, batch, 1))).toBe("CONNECTION_LOST");
    expect(await commit(sure, batch, 2)).toMatchObject({ rowsInserted: 1 });
    expect(cuts).toBe(1);
    expect(await rig.receipts()).toHaveLength(1);
  });

  test("into a hole is left when the time is up", async () => {
    await using rig = await redshiftRig();
    await using warehouse = await rig.open({ dial: scriptedDial(() => undefined), signal: AbortSignal.timeout(200) });

    expect(await codeOf(warehouse.heads("profiles"))).toBe("TIMEOUT");
  });
});

describe("the customer's own staging bucket", () => {
  test("takes the place of ours, over the checked dialler", async () => {
    await using rig = await redshiftRig();
    const { world } = rig.bed;
    const [id, secret] = ["AKIA0000000000000001", "s".repeat(40)];
    world.keys.set(id, {
      secret,
      token: "",
      endsAtMs: Number.POSITIVE_INFINITY,
      role: "",
      reads: `${world.bucket}/own/`,
    });
    const settings = {
      stagingBucket: world.bucket,
      stagingRegion: world.region,
      stagingPrefix: "own/",
      stagingAccessKeyId: id,
      stagingSecretAccessKey: secret,
    };
    const dialled: string[] = [];
    const dial: OpenRequest["dial"] = (host, port, signal) => {
      dialled.push(`${host}:${port}`);
      return rig.bed.dial(host, port, signal);
    };
    await using warehouse = await rig.open({ settings, ...(dial === undefined ? {} : { dial }) });

    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });

    expect(batch.files[0]?.location).toMatch(/^own\//);
    expect(await commit(warehouse, batch)).toMatchObject({ rowsInserted: 1 });
    expect(dialled).toContain(new URL(world.s3.url).host);
    await warehouse.discard(batch.planId);
    expect(
      await codeOf(
        commit(warehouse, { ...batch, planId: batch.planId, first: { seq: 2, file: 1 }, last: { seq: 2, file: 1 } }),
      ),
    ).toBe("STAGED_GONE");
  });
});
