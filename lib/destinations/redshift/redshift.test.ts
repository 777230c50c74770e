import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventRow, profileRow } from "../../../test/support/change-files.ts";
import { scriptedDial, tamperingDial, tlsDial } from "../../../test/support/tcp-proxy.ts";
import { testCertificate } from "../../../test/support/tls-certificate.ts";
import {
  codeOf,
  commit,
  type OpenRequest,
  type WarehouseRig,
  warehouseRig,
} from "../../../test/support/warehouse-rig.ts";
import type { Instant } from "../../model/time.ts";
import type { CheckStep } from "../destination.ts";
import { RedshiftFault } from "./stand-in/fault.ts";
import { type RedshiftTestbed, startTestbed } from "./testbed.ts";

type Rig = WarehouseRig & { readonly bed: RedshiftTestbed };

async function redshiftRig(transport = "password"): Promise<Rig> {
  return (await warehouseRig(`redshift ${transport}`)) as Rig;
}

async function lastStep(rig: Rig, request: OpenRequest = {}): Promise<CheckStep | undefined> {
  await using warehouse = await rig.open(request);
  let last: CheckStep | undefined;
  for await (const step of warehouse.check()) last = step;
  return last;
}

let held: RedshiftTestbed;
beforeAll(async () => {
  held = await startTestbed();
});
afterAll(() => held[Symbol.asyncDispose]());

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

describe.each(["password", "data-api"])("rows that Redshift refuses, by %s", (transport) => {
  test("are named by their lines, each file's first, and the rest can be loaded", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    const bad = { properties: '{"a":"\\u0000"}' };
    const files = [
      [profileRow("a", 1), profileRow("b", 1, bad), profileRow("c", 1, bad)],
      [profileRow("d", 1)],
      [profileRow("e", 1, { title: "x".repeat(65_536) })],
    ];
    const batch = await rig.stage(warehouse, { files });

    const refused = commit(warehouse, batch);

    await expect(refused).rejects.toMatchObject({ code: "ROW_REJECTED", vendorCode: expect.stringMatching(/12\d\d/) });
    await expect(refused).rejects.toMatchObject({
      badRows: [
        { file: 1, line: 2 },
        { file: 3, line: 1 },
      ],
    });
    await expect(refused).rejects.not.toMatchObject({ externalMessage: expect.stringContaining("xxx") });
    expect(await rig.bed.rows("profile")).toEqual([]);
    const rest = await rig.stage(warehouse, {
      files: [[profileRow("a", 1)], [profileRow("d", 1)], [profileRow("f", 1)]],
    });
    expect(await commit(warehouse, rest)).toMatchObject({ rowsInserted: 3 });
  });

  test("are named by a rehearsal as well, which leaves nothing", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1, { properties: '{"a":"\\u0000"}' })]] });

    await expect(warehouse.rehearse?.(batch)).rejects.toMatchObject({
      code: "ROW_REJECTED",
      badRows: [{ file: 1, line: 1 }],
    });

    expect(await rig.bed.rows("profile")).toEqual([]);
  });
});

describe.each(["password", "data-api"])("a merge by %s", (transport) => {
  test("leaves the columns that are the customer's own as they are", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    await rig.bed.administer("ALTER TABLE analytics.klaviyo_profile ADD COLUMN score integer");
    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("a", 1)]] }));
    await rig.bed.administer("UPDATE analytics.klaviyo_profile SET score = 7");

    await commit(
      warehouse,
      await rig.stage(warehouse, { planId: "rn2", seq: 2, files: [[profileRow("a", 2, { title: "new" })]] }),
    );

    expect(await rig.bed.ask('SELECT "_seq"::int AS seq, title, score FROM analytics.klaviyo_profile')).toEqual([
      { seq: 2, title: "new", score: 7 },
    ]);
  });

  test("looks for events in their own time only, to the microsecond at its edges", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    const at = ["2026-11-24 17:15:00.000001", "2026-11-24 17:15:00.999999"];
    const rows = at.map((event_at, index) => eventRow(`e${index}`, 1, { event_at }));
    const range = {
      eventAtMin: Date.UTC(2026, 10, 24, 17, 15, 0, 0) as Instant,
      eventAtMax: Date.UTC(2026, 10, 24, 17, 15, 0, 999) as Instant,
    };
    const send = async (planId: string) => {
      const batch = await rig.stage(warehouse, { object: "events", planId, files: [rows] });
      return commit(warehouse, { ...batch, files: batch.files.map((file) => ({ ...file, ...range })) });
    };

    expect(await send("rn1")).toMatchObject({ rowsInserted: 2 });
    expect(await send("rn2")).toMatchObject({ rowsInserted: 0 });
    expect(await rig.bed.rows("event")).toHaveLength(2);
  });
});

/** What Redshift says and gives → what we make of it. The words are from its documents and from others' reports. */
const vendorErrors = [
  [
    "serializable isolation",
    "LOCK",
    "XX000",
    "1023",
    "Serializable isolation violation on table - 101, transactions forming the cycle are: 1, 2",
    "CONFLICT",
  ],
  ["a deadlock", "MERGE", "40P01", "deadlock detected", "", "CONFLICT"],
  [
    "a concurrent transaction",
    "MERGE",
    "XX000",
    "could not complete because of conflict with concurrent transaction",
    "",
    "CONFLICT",
  ],
  ["a statement that ran too long", "MERGE", "57014", "canceling statement due to statement timeout", "", "TIMEOUT"],
  [
    "a query monitoring rule",
    "MERGE",
    "XX000",
    'Query (42) cancelled by WLM abort action of Query Monitoring Rule "x"',
    "",
    "DEST_BUSY",
  ],
  ["a full disk", "COPY", "XX000", "Disk Full", "", "QUOTA_EXCEEDED"],
  ["too little memory", "INSERT", "XX000", "Query exceeded memory limit: out of memory", "", "DEST_BUSY"],
  [
    "expired keys",
    "COPY",
    "XX000",
    "S3ServiceException:The provided token has expired.,Status 400,Error ExpiredToken,Rid X",
    "",
    "CONNECTION_LOST",
  ],
  [
    "a bucket that throttles",
    "COPY",
    "XX000",
    "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid X",
    "",
    "THROTTLED",
  ],
  [
    "a denied object",
    "COPY",
    "XX000",
    "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X",
    "",
    "PERMISSION_DENIED",
  ],
  [
    "another region",
    "COPY",
    "XX000",
    "S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint.,Status 301,Error PermanentRedirect",
    "",
    "SETTINGS_INVALID",
  ],
  [
    "an admin who ends sessions",
    "LOCK",
    "57P01",
    "terminating connection due to administrator command",
    "",
    "CONNECTION_LOST",
  ],
  ["a cluster that is restarting", "LOCK", "57P03", "the database system is starting up", "", "DEST_BUSY"],
  ["a lost grant", "MERGE", "42501", "permission denied for relation klaviyo_profile", "", "PERMISSION_DENIED"],
  ["a lost table", "DELETE", "42P01", 'relation "analytics.klaviyo_profile" does not exist', "", "OBJECT_MISSING"],
  [
    "a lost column",
    "MERGE",
    "42703",
    'column "locale" of relation "klaviyo_profile" does not exist',
    "",
    "COLUMN_CONFLICT",
  ],
  [
    "rows that match twice",
    "MERGE",
    "XX000",
    "Found multiple matches to update the same tuple.",
    "",
    "INVARIANT_BROKEN",
  ],
] as const;

describe.each(["password", "data-api"])("what Redshift says by %s", (transport) => {
  test.each(vendorErrors)(
    "of %s gets its code, and the batch goes in afterwards",
    async (_what, statement, state, words, detail, code) => {
      await using rig = await redshiftRig(transport);
      await using warehouse = await rig.open();
      const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
      // The lease is raised by a statement of its own there: what is planned is for the commit itself.
      const isFirstLock = statement === "LOCK" && transport === "data-api";
      if (isFirstLock) rig.bed.failNext(/SELECT 1 \/ CASE/, new RedshiftFault(state, words, { detail }));
      else rig.bed.failNext(new RegExp(`^${statement}`), new RedshiftFault(state, words, { detail }));

      const failed = await codeOf(commit(warehouse, batch, 1));

      expect(failed).toBe(code);
      expect(await rig.bed.rows("profile")).toEqual([]);
      await using next = await rig.open();
      expect(await commit(next, batch, 1)).toMatchObject({ rowsInserted: 1 });
    },
  );
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
