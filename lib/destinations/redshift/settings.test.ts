import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inlined, literal, quote } from "./dialect.ts";
import { redshiftError, redshiftTexts, statementError } from "./errors.ts";
import { regionOf, settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";

const byPassword = {
  host: "wh.abc123.eu-west-1.redshift.amazonaws.com",
  database: "dev",
  username: "u",
  password: "p",
};
const byDataApi = {
  transport: "data-api",
  database: "dev",
  region: "eu-west-1",
  workgroup: "main",
  roleArn: "arn:aws:iam::123456789012:role/sync",
};

describe("settings", () => {
  const hosts = [
    ["a cluster's endpoint", "wh.abc123.eu-west-1.redshift.amazonaws.com", "eu-west-1"],
    ["a workgroup's endpoint", "main.123456789012.us-east-1.redshift-serverless.amazonaws.com", "us-east-1"],
    ["one in China", "wh.abc123.cn-north-1.redshift.amazonaws.com.cn", "cn-north-1"],
    ["a custom domain name", "warehouse.example.com", undefined],
  ] as const;
  test.each(hosts)("take %s", (_name, host, region) => {
    expect(settings.safeParse({ ...byPassword, host }).success).toBe(true);
    expect(regionOf(host)).toBe(region);
  });

  const refusedHosts = [
    "s3.eu-west-1.amazonaws.com",
    "redshift-data.eu-west-1.amazonaws.com",
    "x.rds.amazonaws.com",
    "sts.amazonaws.com.",
    "jdbc:redshift://wh.abc.eu-west-1.redshift.amazonaws.com:5439/dev",
    "https://warehouse.example.com",
    "warehouse.example.com:5439",
    "user@warehouse.example.com",
    "warehouse.example.com\r\nx",
    "localhost",
    "",
    "a b.example.com",
  ];
  test.each(refusedHosts)("refuse the host %j", (host) => {
    expect(settings.safeParse({ ...byPassword, host }).success).toBe(false);
  });

  const lacking = [
    ["a password", { ...byPassword, password: undefined }, "password"],
    ["a host", { ...byPassword, host: undefined }, "host"],
    ["a role for the Data API", { ...byDataApi, roleArn: undefined }, "roleArn"],
    ["a region for the Data API", { ...byDataApi, region: undefined }, "region"],
    ["cluster and workgroup", { ...byDataApi, workgroup: undefined }, "workgroup"],
    ["one of cluster and workgroup", { ...byDataApi, clusterIdentifier: "main" }, "workgroup"],
    ["a cluster for a database user", { ...byDataApi, databaseUser: "u" }, "databaseUser"],
    [
      "keys for the staging bucket",
      { ...byPassword, stagingBucket: "mine", stagingRegion: "eu-west-1" },
      "stagingAccessKeyId",
    ],
  ] as const;
  test.each(lacking)("name the field where they lack %s", (_name, given, field) => {
    const parsed = settings.safeParse(given);

    expect(parsed.error?.issues[0]?.path).toEqual([field]);
  });

  const hostile = [
    { iamRole: "arn:aws:iam::123456789012:role/x' REGION 'y" },
    { roleArn: "arn:aws:iam::123456789012:user/x" },
    { stagingBucket: "b'; DROP TABLE x; --" },
    { stagingPrefix: "../" },
    { stagingPrefix: "a'b/" },
    { region: "eu-west-1.evil.example.com/" },
    { workgroup: "a/b" },
    { secretArn: "arn:aws:iam::123456789012:role/x" },
  ];
  test.each(hostile)("refuse %j", (given) => {
    expect(settings.safeParse({ ...byPassword, ...byDataApi, ...given }).success).toBe(false);
  });
});

describe("SQL", () => {
  test("has its values in it as literals that nothing ends early, in whatever way backslashes are read", () => {
    const text = fc.string({ unit: fc.constantFrom("'", "\\", '"', "$", "1", "-", ";", "a", "é") });
    fc.assert(
      fc.property(text, (given) => {
        const inner = literal(given).slice(1, -1);
        expect(inner.replaceAll("''", "").includes("'")).toBe(false);
        expect(inner.replaceAll("\\\\", "").replaceAll("''", "").includes("\\")).toBe(false);
      }),
    );
  });

  test("leaves what looks like a value within names and literals alone", () => {
    const statement = { sql: `SELECT "a$1b", '$2', $1, $2 FROM "s""$1"`, values: ["x'y", 7] };

    expect(inlined(statement)).toBe(`SELECT "a$1b", '$2', 'x''y', 7 FROM "s""$1"`);
  });

  test("takes names up to 127 bytes, and refuses control characters", () => {
    expect(quote("a".repeat(127))).toHaveLength(129);
    for (const name of ["é".repeat(64), "a\0", "a\nb", ""]) expect(() => quote(name)).toThrow();
    expect(() => literal("a\0")).toThrow();
  });

  test("of the setup script is filled with the user's names, and says who may take the role on", () => {
    const script = setupScript(
      { ...byDataApi, transport: "data-api", schema: 'od"d', username: "o'brien" },
      { tablePrefix: "klaviyo_", externalId: "0123", principalArn: "arn:aws:iam::1:role/w" },
    );

    expect(script).toContain('CREATE TABLE IF NOT EXISTS "od""d"."klaviyo_profile"');
    expect(script).toContain(`usename = 'o''brien'`);
    expect(script).toContain('"sts:ExternalId":"0123"');
    expect(script).toContain("arn:aws:iam::1:role/w");
  });
});

describe("errors", () => {
  test("each have words that no earlier rule takes for itself", () => {
    expect(redshiftTexts.length).toBeGreaterThan(20);
    const states = [
      "28000",
      "28P01",
      "3D000",
      "42P01",
      "3F000",
      "42703",
      "42804",
      "42501",
      "40001",
      "40P01",
      "57014",
      "57P01",
      "57P03",
    ];
    const codes = states.map((code) => redshiftError(Object.assign(new Error("x"), { code }), []).code);
    expect(codes).toEqual([
      ...[
        "AUTH_FAILED",
        "AUTH_FAILED",
        "OBJECT_MISSING",
        "OBJECT_MISSING",
        "OBJECT_MISSING",
        "COLUMN_CONFLICT",
        "COLUMN_CONFLICT",
      ],
      ...["PERMISSION_DENIED", "CONFLICT", "CONFLICT", "TIMEOUT", "CONNECTION_LOST", "DEST_BUSY"],
    ]);
  });

  test("of sockets and of the driver have their own", () => {
    const coded = (code: string) => redshiftError(Object.assign(new Error("x"), { code }), []).code;
    expect(["ECONNRESET", "ETIMEDOUT", "DEPTH_ZERO_SELF_SIGNED_CERT"].map(coded)).toEqual([
      "CONNECTION_LOST",
      "CONNECTION_LOST",
      "TLS_INVALID",
    ]);
    const said = (words: string) => redshiftError(new Error(words), []).code;
    expect(
      ["timeout expired", "The server does not support SSL connections", "Connection terminated unexpectedly"].map(
        said,
      ),
    ).toEqual(["HOST_UNREACHABLE", "TLS_INVALID", "CONNECTION_LOST"]);
  });

  test("keep the vendor's words, less our secrets, where nothing is known of them", () => {
    const error = statementError("ERROR: something new about s3cret", "id-1", ["s3cret"]);

    expect(error).toMatchObject({
      code: "UNKNOWN",
      externalMessage: "ERROR: something new about ***",
      vendorRef: "id-1",
    });
  });
});
