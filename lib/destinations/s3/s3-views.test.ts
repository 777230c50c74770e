import athena from "node-sql-parser/build/athena.js";
import { describe, expect, test } from "vitest";
import { eventRow, metricRow, profileRow } from "../../../test/support/change-files.ts";
import { commit, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import { athenaStatements } from "./athena.ts";
import { s3Errors, vendorCodes } from "./errors.ts";
import s3 from "./index.ts";
import { duckdbViews } from "./views.ts";

const place = { base: "s3://bucket/", prefix: "lake/v1", tablePrefix: "klaviyo_" };
const settings = { bucket: "bucket", region: "eu-west-1", prefix: "lake/v1" };

describe.each(["parquet", "ndjson"] as const)("the setup script for %s", (format) => {
  const script = s3.setupScript(
    { ...settings, format, roleArn: "arn:aws:iam::210987654321:role/r" },
    {
      tablePrefix: "klaviyo_",
      externalId: "ext-1",
      principalArn: "arn:aws:iam::123456789012:role/writer-s3",
      vpcEndpointId: "vpce-1",
    },
  );

  test("holds the views that the suite reads through, and those for Athena", () => {
    for (const view of duckdbViews({ ...place, format })) expect(script).toContain(view);
    for (const statement of athenaStatements({ ...place, format })) expect(script).toContain(statement);
  });

  test("is filled with who we are, and needs no secret", () => {
    for (const word of ["ext-1", "role/writer-s3", "vpce-1", "bucket/lake/v1/klaviyo_event/*"])
      expect(script).toContain(word);
    expect(script).not.toMatch(/<[A-Z]/);
  });

  test("has views that an independent parser of Athena's dialect reads", () => {
    const views = athenaStatements({ ...place, format }).filter((statement) => statement.includes("VIEW"));

    expect(views).toHaveLength(4);
    for (const view of views) {
      const [, query = ""] = /^CREATE OR REPLACE VIEW \S+ AS\n(.*);$/s.exec(view) ?? [];
      expect(new athena.Parser().parse(query, { database: "athena" }).ast, query).toBeTruthy();
    }
  });
});

describe("the views", () => {
  test("show of each id the row that counts among all files that manifests name, whatever other files lie there", async () => {
    await using rig = await warehouseRig("s3 ndjson");
    await using warehouse = await rig.open();
    await using dying = await rig.open({
      onStep: (name, moment) => {
        if (name === "commit" && moment === "before") throw new Error("killed");
      },
    });
    const send = async (planId: string, seq: number, title: string) =>
      commit(warehouse, await rig.stage(warehouse, { planId, seq, files: [[profileRow("a", seq, { title })]] }), seq);

    await send("rn1", 5, "newest");
    await send("rn2", 6, "newer");
    const unnamed = await rig.stage(dying, {
      planId: "rn3",
      seq: 9,
      files: [[profileRow("a", 9, { title: "unnamed" })]],
    });
    await expect(commit(dying, unnamed, 9)).rejects.toThrow("killed");
    const events = [[eventRow("e", 1, { value: "1" })], [eventRow("e", 2, { value: "2" })]];
    const metrics = [metricRow("m", 1), metricRow("m", 3, { name: "Latest" })];
    await commit(warehouse, await rig.stage(warehouse, { planId: "rn4", object: "events", files: events, metrics }));

    expect(await rig.bed.rows("profile")).toMatchObject([{ id: "a", title: "newer" }]);
    expect(await rig.bed.rows("event")).toMatchObject([{ id: "e", value: "1.000000000" }]);
    expect(await rig.bed.rows("metric")).toMatchObject([{ id: "m", name: "Latest" }]);
  });
});

describe("what S3 answers", () => {
  const errors = s3Errors({ bucket: "bucket", region: "eu-west-1", secrets: ["canary-secret"] });
  const told = (name: string, status: number, message = "told canary-secret") =>
    errors.of(
      Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status, requestId: "R1" } }),
      "s3:PutObject",
    );

  test.each(Object.entries(vendorCodes))(
    "as %s is %s to us, with its words, its request, and without our secret",
    (name, code) => {
      const error = told(name, 400);

      expect(error).toMatchObject({ code, vendorCode: name, vendorRef: "R1", externalMessage: "told ***" });
      expect(JSON.stringify([error.message, String(error.cause)])).not.toContain("canary-secret");
    },
  );

  const others = [
    ["KMS.DisabledException", 400, "SETTINGS_INVALID"],
    ["SomethingNew", 503, "DEST_BUSY"],
    ["SomethingNew", 429, "THROTTLED"],
    ["SomethingNew", 418, "UNKNOWN"],
  ] as const;
  test.each(others)("as %s with status %i, which is in no table, is %s", (name, status, code) => {
    expect(told(name, status).code).toBe(code);
  });

  test("about a key of KMS names the rights that it takes", () => {
    const words = "User: x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:1";

    expect(told("AccessDenied", 403, words)).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("kms:GenerateDataKey and kms:Decrypt"),
    });
  });
});
