import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { eventRow, profileRow } from "../../../test/support/change-files.ts";
import { codeOf, commit, type WarehouseRig, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import type { Instant } from "../../model/time.ts";
import { RedshiftFault } from "./stand-in/fault.ts";
import type { RedshiftTestbed } from "./testbed.ts";

type Rig = WarehouseRig & { readonly bed: RedshiftTestbed };

async function redshiftRig(transport = "password"): Promise<Rig> {
  return (await warehouseRig(`redshift ${transport}`)) as Rig;
}

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

  test("are told without the keys by which COPY read them", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1, { title: "x".repeat(65_536) })]] });

    const told = [await commit(warehouse, batch).catch((error: unknown) => error)];
    rig.bed.failNext(/^COPY/, new RedshiftFault("XX000", "something that nobody knows"));
    told.push(await commit(warehouse, batch, 2).catch((error: unknown) => error));

    const text = inspect(told, { depth: 20, showHidden: true });
    expect(told).toMatchObject([{ code: "ROW_REJECTED" }, { code: "UNKNOWN" }]);
    for (const { secret, token } of rig.bed.world.keys.values()) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(token);
    }
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

  test("brings JSON in whole that is longer than a string may be", async () => {
    await using rig = await redshiftRig(transport);
    await using warehouse = await rig.open();
    const properties = Array.from({ length: 20_000 }, (_, index) => `v${index}`);

    await commit(
      warehouse,
      await rig.stage(warehouse, { files: [[profileRow("a", 1, { properties: JSON.stringify(properties) })]] }),
    );

    expect(await rig.bed.rows("profile")).toMatchObject([{ id: "a", properties }]);
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
