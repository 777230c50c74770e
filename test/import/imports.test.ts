import { describe, expect, test } from "vitest";
import { importRig } from "../support/import-rig.ts";

describe("an import", () => {
  test("brings profiles to the intake log in the order of the file", async () => {
    using rig = await importRig();

    const record = await rig.drop(
      "profiles/people.csv",
      "Email,PhoneNumber,First Name,City,plan,score,vip,tags\n" +
        'Ann@Example.com,+44 7700 900123,Ann,London,gold,12.5,True,"[""a"",""b""]"\n' +
        "bob@example.com,,Bob,,silver,,,\n",
    );

    expect(record).toMatchObject({ state: "completed", rowsRead: 2, rowsTotal: 2, rowsAccepted: 2, intakeSeq: 1 });
    expect(await rig.rows("profiles")).toMatchObject([
      {
        email: "ann@example.com",
        phone_number: "+447700900123",
        first_name: "Ann",
        location: '{"city":"London"}',
        properties: '{"plan":"gold","score":12.5,"vip":true,"tags":["a","b"]}',
      },
      { email: "bob@example.com", phone_number: null, location: null, properties: '{"plan":"silver"}' },
    ]);
  });

  test("sets bad rows aside with line and reason while good rows go on", async () => {
    using rig = await importRig();

    const record = await rig.drop(
      "events/orders.csv",
      "Email,Metric,Timestamp,$value,note\n" +
        'ann@example.com,Placed Order,2026-01-02T03:04:05Z,10.50,"two\nlines"\n' +
        "not an address,Placed Order,2026-01-02T03:04:05Z,1,=x\n" +
        "bob@example.com,Placed Order,yesterday,1,\n" +
        ",Placed Order,2026-01-02,1,\n" +
        "cat@example.com,Placed Order,2026-01-02,1\n" +
        'dan@example.com,"Placed" Order,2026-01-02,1,\n' +
        'eve@example.com,Placed Order,1767322800,"1,5",\n' +
        "fay@example.com,Placed Order,1767322800,7,\n",
    );

    expect(record).toMatchObject({ state: "completed with errors", rowsTotal: 8, rowsAccepted: 2, rowsRejected: 6 });
    expect((await rig.rows("events")).map((row) => [row["email"], row["event_at"], row["value"]])).toEqual([
      ["ann@example.com", "2026-01-02 03:04:05", "10.500000000"],
      ["fay@example.com", "2026-01-02 03:00:00", "7.000000000"],
    ]);
    expect((await rig.result(record, "report"))?.split("\n").map((line) => line.split(",").slice(0, 3))).toEqual([
      ["line", "column", "code"],
      ["", "", ""],
      ["4", "Email", "INVALID_EMAIL"],
      ["5", "Timestamp", "INVALID_DATE"],
      ["6", "", "ROW_IDENTIFIER_MISSING"],
      ["7", "", "FIELD_COUNT"],
      ["8", "", "BAD_QUOTE"],
      ["9", "$value", "INVALID_NUMBER"],
      [""],
    ]);
    expect((await rig.result(record, "rejected"))?.split("\n").slice(0, 2)).toEqual([
      "Email,Metric,Timestamp,$value,note,_rejected_line,_rejected_code,_rejected_column,_rejected_reason",
      "not an address,Placed Order,2026-01-02T03:04:05Z,1,=x,4,INVALID_EMAIL,Email,The e-mail address is not valid.",
    ]);
  });

  test("leaves the inbox for the archive", async () => {
    using rig = await importRig();

    const record = await rig.drop("profiles/a.csv", "Email\nann@example.com\n");

    expect(await rig.deps.files.list("inbox/")).toEqual([]);
    expect((await rig.deps.files.list("archive/")).map(({ key }) => key.split("/").at(-1))).toEqual([record.id]);
    expect(await rig.deps.files.list("work/")).toEqual([]);
  });

  test("cut into many ranges gives what one range gives", async () => {
    using one = await importRig();
    using many = await importRig({ rangeBytesMin: 1_000 });
    const lines = Array.from({ length: 200 }, (_, row) =>
      row % 17 === 0 ? `bad${row},x` : `u${row}@example.com,"say ""${row}"",\nand, more",5" pipe ${row}`,
    );
    const file = `Email,quoted,loose\n${lines.join("\n")}\n`;

    const [first, second] = [await one.drop("profiles/a.csv", file), await many.drop("profiles/a.csv", file)];

    expect(second.rowsAccepted).toBe(188);
    expect(await many.rows("profiles")).toEqual(await one.rows("profiles"));
    expect(await many.result(second, "report")).toBe(await one.result(first, "report"));
    expect(await many.result(second, "rejected")).toBe(await one.result(first, "rejected"));
  });
});
