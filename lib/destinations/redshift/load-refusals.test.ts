import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StagingArea } from "../destination.ts";
import { type EngineSession, openEngineSession } from "./stand-in/session.ts";
import { openOptionsOf, type RedshiftTestbed, testbeds } from "./testbed.ts";

const guide = "https://docs.aws.amazon.com/redshift/latest/dg";

let bed: RedshiftTestbed;
let session: EngineSession;
let area: StagingArea;
beforeAll(async () => {
  bed = (await testbeds["password"]?.()) as RedshiftTestbed;
  const { database, username, password } = bed.settings as Record<string, string>;
  session = await openEngineSession(bed.world, {
    user: username ?? "",
    password: password ?? "",
    database: database ?? "",
  });
  area = openOptionsOf(bed.handle).staging as StagingArea;
  await bed.administer("CREATE TABLE analytics.t (a int)");
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

interface LoadCase {
  readonly rule: string;
  readonly source: string;
  /** Lines of the file. */
  readonly lines?: readonly string[];
  readonly manifest?: unknown;
  /** Instead of keys for the file. */
  readonly access?: string | ((keys: Record<string, string>) => string);
  readonly options?: string;
  /** What is said, or the code and words of the log of load errors. */
  readonly says?: RegExp;
  readonly logs?: readonly [number, RegExp];
}

const ok = '{"id":"a"}';
const clauses = ({ id, secret, token }: Record<string, string>) =>
  `ACCESS_KEY_ID '${id}' SECRET_ACCESS_KEY '${secret}' SESSION_TOKEN '${token}'`;
const loadCases: readonly LoadCase[] = [
  {
    rule: "a text of more than 65,535 bytes",
    source: `${guide}/r_Character_types.html`,
    lines: [ok, JSON.stringify({ id: "é".repeat(32_768) })],
    logs: [1204, /exceeds DDL length/],
  },
  {
    rule: "a string within SUPER of more than 65,535 bytes",
    source: `${guide}/limitations-super.html`,
    lines: [ok, JSON.stringify({ id: "b", j: { k: "x".repeat(65_536) } })],
    logs: [1224, /SUPER/],
  },
  {
    rule: "a row of more than 4 MB",
    source: `${guide}/r_COPY.html`,
    lines: [ok, JSON.stringify({ id: "b", j: Array.from({ length: 70 }, () => "x".repeat(65_000)) })],
    logs: [1224, /4 MB/],
  },
  {
    rule: "null where the column is NOT NULL",
    source: `${guide}/r_Load_Error_Reference.html`,
    lines: [ok, "{}"],
    logs: [1213, /not-null/],
  },
  {
    rule: "a timestamp that is none",
    source: `${guide}/r_Load_Error_Reference.html`,
    lines: [ok, '{"id":"b","at":"yesterday at noon"}'],
    logs: [1206, /timestamp/],
  },
  {
    rule: "a number out of range",
    source: `${guide}/r_Load_Error_Reference.html`,
    lines: [ok, '{"id":"b","n":9223372036854775808}'],
    logs: [1209, /Overflow/],
  },
  {
    rule: "letters for a number",
    source: `${guide}/r_Load_Error_Reference.html`,
    lines: [ok, '{"id":"b","n":"one"}'],
    logs: [1207, /digit/],
  },
  {
    rule: "a boolean that is none",
    source: `${guide}/r_Load_Error_Reference.html`,
    lines: [ok, '{"id":"b","b":"perhaps"}'],
    logs: [1210, /boolean/],
  },
  {
    rule: "U+0000",
    source: `${guide}/multi-byte-character-load-errors.html`,
    lines: [ok, '{"id":"b\\u0000"}'],
    logs: [1220, /UTF8/],
  },
  {
    rule: "half of a surrogate pair",
    source: `${guide}/multi-byte-character-load-errors.html`,
    lines: [ok, '{"id":"b\\ud800"}'],
    logs: [1220, /UTF8/],
  },
  {
    rule: "a line that is no JSON",
    source: `${guide}/copy-usage_notes-copy-from-json.html`,
    lines: [ok, '{"id":'],
    logs: [1216, /JSON/],
  },
  {
    rule: "a mandatory file that is missing",
    source: `${guide}/loading-data-files-using-manifest.html`,
    manifest: { entries: [{ url: "s3://warehouse-sync-staging/gone", mandatory: true }] },
    access: (keys) => clauses(keys),
    says: /Access Denied|does not exist/,
  },
  {
    rule: "a manifest that is none",
    source: `${guide}/loading-data-files-using-manifest.html`,
    manifest: ["x"],
    says: /manifest/,
  },
  {
    rule: "a bucket in another region without REGION",
    source: `${guide}/copy-parameters-data-source-s3.html`,
    lines: [ok],
    options: "REGION 'us-east-1'",
    says: /must be addressed using the specified endpoint/,
  },
  {
    rule: "keys that nobody gave out",
    source: `${guide}/s3serviceexception-error.html`,
    lines: [ok],
    access: "ACCESS_KEY_ID 'AKIANOBODY' SECRET_ACCESS_KEY 'x'",
    says: /InvalidAccessKeyId/,
  },
  {
    rule: "a wrong secret key",
    source: `${guide}/s3serviceexception-error.html`,
    lines: [ok],
    access: ({ id = "", token = "" }) => clauses({ id, token, secret: "wrong" }),
    says: /SignatureDoesNotMatch/,
  },
  {
    rule: "keys without their token",
    source: `${guide}/copy-parameters-authorization.html`,
    lines: [ok],
    access: ({ id, secret }) => `ACCESS_KEY_ID '${id}' SECRET_ACCESS_KEY '${secret}'`,
    says: /InvalidToken/,
  },
  {
    rule: "a role that is not attached to the cluster",
    source: `${guide}/copy-parameters-authorization.html`,
    lines: [ok],
    access: "IAM_ROLE 'arn:aws:iam::1:role/other'",
    says: /not authorized to assume IAM Role/,
  },
  {
    rule: "an option that COPY has not",
    source: `${guide}/r_COPY.html`,
    lines: [ok],
    options: "ON_ERROR 'continue'",
    says: /syntax error/,
  },
  {
    rule: "a column that the table has not",
    source: `${guide}/copy-parameters-column-mapping.html`,
    lines: [ok],
    options: "",
    says: /does not exist/,
  },
];

/** Puts lines and their manifest, and loads them. */
async function load(name: string, given: LoadCase): Promise<{ url: string; outcome: unknown }> {
  const folder = `${area.address.prefix}${name}/`;
  const keys = await area.credentials(folder);
  const held = { id: keys.accessKeyId, secret: keys.secretAccessKey, token: keys.sessionToken ?? "" };
  const url = `s3://${area.address.bucket}/${folder}profiles-1.gz`;
  await area.put(`${folder}profiles-1.gz`, { bytes: gzipSync((given.lines ?? []).join("\n")) });
  const manifest = given.manifest ?? { entries: [{ url, mandatory: true }] };
  await area.put(`${folder}manifest.json`, { bytes: Buffer.from(JSON.stringify(manifest)) });
  const access = typeof given.access === "string" ? given.access : (given.access ?? clauses)(held);
  const columns = given.rule.startsWith("a column") ? "id, missing" : "id, j, at, n, b";
  const copy = `COPY loaded (${columns}) FROM 's3://${area.address.bucket}/${folder}manifest.json' ${access} ${given.options ?? "REGION 'eu-west-1'"} MANIFEST GZIP FORMAT JSON 'auto' TIMEFORMAT 'auto'`;
  const outcome = await session.run(copy).catch((error: unknown) => error);
  return { url, outcome };
}

describe("loads that Redshift does not take", () => {
  beforeAll(async () => {
    await session.run(
      "CREATE TEMP TABLE loaded (id varchar(65535) NOT NULL, j super, at timestamp, n bigint, b boolean)",
    );
  });

  test.each(loadCases.map((each, index) => [each.rule, each, `load${index}`] as const))(
    "%s",
    async (_rule, given, name) => {
      const { url, outcome } = await load(name, given);

      const says = given.says ?? /Load into table 'loaded' failed\. {2}Check 'sys_load_error_detail'/;
      expect(outcome).toMatchObject({ message: expect.stringMatching(says) });
      const [rows] = await session.run("SELECT count(*) FROM loaded");
      expect(rows?.rows).toEqual([["0"]]);
      if (given.logs === undefined) return;
      const [code, words] = given.logs;
      const [log] = await session.run(
        `SELECT line_number, error_code, error_message FROM sys_load_error_detail WHERE file_name = '${url}'`,
      );
      expect(log?.rows).toEqual([["2", String(code), expect.stringMatching(words)]]);
      expect(given.source).toContain(guide);
    },
  );

  test("with keys whose time is over", async () => {
    const folder = `${area.address.prefix}late/`;
    await area.put(`${folder}manifest.json`, { bytes: Buffer.from('{"entries":[]}') });
    const { accessKeyId, secretAccessKey, sessionToken } = await area.credentials(folder);
    const issued = bed.world.keys.get(accessKeyId);
    if (issued !== undefined) bed.world.keys.set(accessKeyId, { ...issued, endsAtMs: 0 });

    const copy = `COPY loaded FROM 's3://${area.address.bucket}/${folder}manifest.json' ${clauses({ id: accessKeyId, secret: secretAccessKey, token: sessionToken ?? "" })} REGION 'eu-west-1' MANIFEST GZIP FORMAT JSON 'auto'`;

    await expect(session.run(copy)).rejects.toThrow(/ExpiredToken/);
  });

  test("with keys for another plan's files", async () => {
    const other = await area.credentials(`${area.address.prefix}other/`);
    const keys = clauses({ id: other.accessKeyId, secret: other.secretAccessKey, token: other.sessionToken ?? "" });

    const { outcome } = await load("mine", { rule: "", source: "", lines: [ok], access: keys });

    expect(outcome).toMatchObject({ message: expect.stringContaining("AccessDenied") });
  });

  test("into one row twice by MERGE", async () => {
    await session.run("CREATE TEMP TABLE source (a int); INSERT INTO source SELECT 1; INSERT INTO source SELECT 1");
    await bed.administer("INSERT INTO analytics.t SELECT 1; GRANT ALL ON analytics.t TO PUBLIC");

    const merge =
      "MERGE INTO analytics.t USING source ON t.a = source.a WHEN MATCHED THEN UPDATE SET a = source.a WHEN NOT MATCHED THEN INSERT (a) VALUES (source.a)";

    await expect(session.run(merge)).rejects.toThrow("Found multiple matches to update the same tuple");
  });

  test("nothing, where all is well", async () => {
    const { outcome } = await load("well", {
      rule: "",
      source: "",
      lines: [ok, '{"id":"b","j":[1],"at":"2026-11-24 17:15:00.000001","n":"7","b":true}'],
    });

    expect(outcome).toMatchObject([{ tag: "COPY" }]);
    const [found] = await session.run("SELECT id, j, at, n, b FROM loaded ORDER BY id");
    expect(found?.rows).toEqual([
      ["a", null, null, null, null],
      ["b", "[1]", "2026-11-24 17:15:00.000001", "7", "t"],
    ]);
  });
});
