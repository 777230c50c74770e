import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { getMapping } from "../../lib/flows/import/get-mapping.ts";
import { saveMapping } from "../../lib/flows/import/save-mapping.ts";
import { FolderMapping } from "../../lib/model/mapping.ts";
import { anySignal } from "../support/account-rig.ts";
import { importRig } from "../support/import-rig.ts";
import { parseCsv } from "../support/parse-csv.ts";

describe("columns are recognised by their names", () => {
  test.each(["Email", "email", "E-Mail", "EmailAddress", "Email Address", "$email"])(
    "%s is the e-mail",
    async (header) => {
      const parsed = await parseCsv("profiles", `${header}\na@example.com\n`);

      expect(parsed.rows).toMatchObject([{ email: "a@example.com", properties: null }]);
    },
  );

  test("of a profile export", async () => {
    const header =
      "Email,First Name,Last Name,Organization,Title,Phone Number,Address,Address 2,City,State / Region,Country,Zip Code,Latitude,Longitude,Source,Email Marketing Consent,Email Marketing Consent Timestamp";
    const row =
      "a@example.com,Ann,Lee,Acme,Dr,+447700900123,1 Road,,London,LDN,UK,01234,51.5,-0.1,web,Subscribed,2026-01-01";

    const parsed = await parseCsv("profiles", `${header}\n${row}\n`);

    expect(parsed.rows).toMatchObject([
      {
        first_name: "Ann",
        last_name: "Lee",
        organization: "Acme",
        title: "Dr",
        location:
          '{"address1":"1 Road","city":"London","region":"LDN","country":"UK","zip":"01234","latitude":51.5,"longitude":-0.1}',
        properties: '{"Source":"web"}',
        subscriptions: '{"email":{"marketing":{"consent":"Subscribed","timestamp":"2026-01-01"}}}',
      },
    ]);
  });

  test("of a file of historical events, whose Person columns go to the profile", async () => {
    using rig = await importRig();

    await rig.drop(
      "events/old.csv",
      "Timestamp,Person//Email,Person//ID,Person//First Name,Person//Plan,$event_id,$value,Metric,Color\n" +
        "2026-01-02 03:04:05,a@example.com,p1,Ann,gold,e1,5,Bought,red\n" +
        "never,b@example.com,p2,Bob,,e2,5,Bought,red\n" +
        "2026-01-02 03:04:05,c@example.com,p3,,,e3,,Bought,\n",
    );

    const people = [{ external_id: "p1", email: "a@example.com" }, { external_id: "p3" }];
    expect(await rig.rows("events")).toMatchObject([
      {
        ...people[0],
        unique_id: "e1",
        metric_name: "Bought",
        value: "5.000000000",
        event_properties: '{"Color":"red"}',
      },
      { ...people[1], unique_id: "e3", value: null, event_properties: "{}" },
    ]);
    expect(await rig.rows("profiles")).toMatchObject([
      { ...people[0], first_name: "Ann", properties: '{"Plan":"gold"}' },
      { ...people[1], first_name: null, properties: null },
    ]);
  });

  test("columns that we add to rejected rows are passed over", async () => {
    using rig = await importRig();
    const record = await rig.drop("profiles/a.csv", "Email,n\nnobody,1\nb@example.com,2\n");

    const mended = (await rig.result(record, "rejected"))?.replace("nobody", "a@example.com") ?? "";
    await rig.drop("profiles/mended.csv", mended);

    expect((await rig.rows("profiles")).map((row) => [row["email"], row["properties"]])).toEqual([
      ["b@example.com", '{"n":2}'],
      ["a@example.com", '{"n":1}'],
    ]);
  });
});

describe("a saved mapping", () => {
  test("says what each column is", async () => {
    const parsed = await parseCsv(
      "events",
      'Who,When,Nr,Art,Sum,Note,Junk,Cart\nc1,01.02.2026,7,x,9.90,007,j,"{""a"":1}"\n',
      {
        columns: {
          Who: "external_id",
          When: "event_at",
          Sum: "value",
          Note: "text:memo",
          Junk: "ignore",
          Cart: "json:cart",
        },
        metricName: "Ordered",
        integrationName: "Till",
        dateFormat: "%d.%m.%Y",
        uniqueIdColumns: ["Nr", "Art"],
      },
    );

    expect(parsed.rows).toMatchObject([
      {
        external_id: "c1",
        event_at: "2026-02-01 00:00:00",
        metric_name: "Ordered",
        integration_name: "Till",
        unique_id: "7_x",
        value: "9.900000000",
        event_properties: '{"Nr":7,"Art":"x","memo":"007","cart":{"a":1}}',
      },
    ]);
  });

  test("a column of JSON is checked, and clears by \\N", async () => {
    const parsed = await parseCsv(
      "profiles",
      'Email,first_name,properties,cart\na@x.co,\\N,"{""a"":1}",\\N\nb@x.co,,[1],{\nc@x.co,,{},1\n',
      {
        columns: { cart: "json:cart" },
      },
    );

    expect(parsed.rows).toMatchObject([
      { email: "a@x.co", first_name: null, cleared: ["first_name"], properties: '{"a":1,"cart":null}' },
      { email: "c@x.co", cleared: null, properties: '{"cart":1}' },
    ]);
    expect(parsed.rejects).toEqual([[3, "properties", "INVALID_JSON"]]);
  });

  test("that names a column which is not there fails the file", async () => {
    const mapping = { columns: { Mail: "email" } };

    await expect(parseCsv("profiles", "Email\na@x.co\n", mapping)).rejects.toMatchObject({ code: "HEADER_UNKNOWN" });
    await expect(parseCsv("events", "Email,Timestamp\n")).rejects.toMatchObject({ code: "METRIC_MISSING" });
    await expect(parseCsv("events", "Email,Metric\n")).rejects.toMatchObject({ code: "TIME_MISSING" });
  });

  test.each([
    [{ columns: { a: "nonsense" } }],
    [{ columns: { a: "email", b: "email" } }],
    [{ timeZone: "Mars/Base" }],
    [{ delimiter: "x" }],
    [{ columns: { a: "unique_id" }, uniqueIdColumns: ["b"] }],
    [{ unknown: 1 }],
  ])("is refused: %j", (mapping) => {
    expect(FolderMapping.safeParse(mapping).success).toBe(false);
  });

  test("is kept per folder, with a version; what does not fit the folder is refused", async () => {
    using rig = await importRig();
    const { accountId, deps } = rig;
    const save = (mapping: object) =>
      saveMapping(deps, { accountId, object: "profiles", mapping: FolderMapping.parse(mapping) }, anySignal);

    await expect(save({ columns: { When: "event_at" } })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(save({ dateFormat: "%Q" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await save({ columns: { Kunde: "external_id" } });
    const saved = await save({ columns: { Kunde: "email" } });

    expect(saved).toMatchObject({ version: 2, mapping: { columns: { Kunde: "email" }, timeZone: "UTC" } });
    expect(await getMapping(deps, { accountId, object: "profiles" }, anySignal)).toEqual(saved);
    expect(await getMapping(deps, { accountId, object: "events" }, anySignal)).toMatchObject({
      version: 0,
      savedAt: null,
    });
  });
});

const retail = join(import.meta.dirname, "../../../shared/data/online-retail");

describe.runIf(existsSync(retail))("the Online Retail files", () => {
  test("give exactly the lines that have a customer", async () => {
    using rig = await importRig();
    await rig.map("events", {
      columns: { CustomerID: "external_id", InvoiceDate: "event_at", UnitPrice: "value", InvoiceNo: "text:InvoiceNo" },
      metricName: "Ordered Product",
      timeZone: "Europe/London",
    });
    const names = globSync("*.csv", { cwd: retail }).toSorted().slice(0, 3);

    for (const name of names) {
      const text = readFileSync(join(retail, name), "utf8");
      const lines = text
        .split("\n")
        .slice(1)
        .filter((line) => line !== "");
      const known = lines.filter((line) => /,[0-9.]+,[^,]*$/.test(line));
      const record = await rig.drop(`events/${name}`, text);

      expect(record).toMatchObject({ rowsTotal: lines.length, rowsAccepted: known.length });
      const report = (await rig.result(record, "report")) ?? "";
      expect(report.match(/,ROW_IDENTIFIER_MISSING,/g) ?? []).toHaveLength(lines.length - known.length);
    }
    const [first] = await rig.rows("events");
    expect(first).toMatchObject({ external_id: "17850.0", event_at: "2010-12-01 08:26:00", value: "2.550000000" });
    expect(JSON.parse(String(first?.["event_properties"]))).toEqual({
      InvoiceNo: "536365",
      StockCode: "85123A",
      Description: "WHITE HANGING HEART T-LIGHT HOLDER",
      Quantity: 6,
      Country: "United Kingdom",
    });
  });
});
