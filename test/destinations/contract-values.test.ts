import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactJson } from "../../lib/destinations/testbed.ts";
import { defaultTablePrefix, type TableName, warehouseTables } from "../../lib/model/tables.ts";
import { type ChangeRow, eventRow, profileRow } from "../support/change-files.ts";
import { beds, codeOf, commit, kindOf, type WarehouseRig, warehouseRig } from "../support/warehouse-rig.ts";

async function sendProfiles(rig: WarehouseRig, rows: readonly ChangeRow[]) {
  await using warehouse = await rig.open();
  await commit(warehouse, await rig.stage(warehouse, { files: [rows] }));
  return await rig.bed.rows("profile");
}

const texts: readonly (readonly [string, string])[] = [
  ["empty", ""],
  ["a quote", '"'],
  ["two quotes", '""'],
  ["an apostrophe", "O'Brien"],
  ["a comma", "a,b"],
  ["line ends", "a\nb\r\nc\rd"],
  ["a line with the end mark of COPY", "\\."],
  ["backslashes", "\\N \\n \\\\ \\x41"],
  ["spaces around", "  x  "],
  ["the word null", "NULL"],
  ["other scripts", "日本語 العربية עברית ไทย"],
  ["emoji of several code points", "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
  ["combining marks", "e\u0301 é"],
  ["controls", "\u0001\u0007\u001b\u007f\u0085"],
  ["a byte order mark", "\ufeffx"],
  ["the last code points", "\uffff\u{10ffff}"],
  ["tabs", "\ta\t"],
  ["SQL", "'); DROP TABLE klaviyo_profile; --"],
  ["one megabyte", "x€".repeat(262_144)],
];

const jsonTexts: readonly (readonly [string, string])[] = [
  ["an integer past 2^53", '{"n":9007199254740993}'],
  ["an integer of 30 digits", '{"n":123456789012345678901234567890}'],
  ["a decimal that no double holds", '{"n":0.1234567890123456789}'],
  ["a negative and an exponent", '{"n":-1.5,"e":1e3}'],
  ["nesting", '{"a":{"b":[1,[2,{"c":null}]]}}'],
  ["an empty object and list", '{"o":{},"l":[]}'],
  ["empty and null", '{"e":"","n":null}'],
  ["keys in another order", '{"z":1,"a":2,"m":3}'],
  ["odd keys", '{"":1,"a b":2,"\\"":3,"é":4}'],
  ["escapes", '{"s":"\\u00e9\\n\\t\\\\\\"\\/ \\ud83d\\ude00"}'],
  ["a plain text", '"x"'],
  ["a number", "5"],
  ["a list", "[true,false]"],
];

describe.for(beds)("a %s warehouse", (bed) => {
  test("has the tables of the model, in its columns and their order", async () => {
    await using rig = await warehouseRig(bed);

    for (const table of Object.keys(warehouseTables) as TableName[]) {
      const found = await rig.bed.columns(table);
      const wanted = warehouseTables[table].map(({ name, required }) => ({ name, required }));
      const known = found.map((column, index) => ({ ...column, required: column.required ?? wanted[index]?.required }));
      expect(known, table).toEqual(wanted);
    }
  });

  test("keeps every text, and tells empty from null", async () => {
    await using rig = await warehouseRig(bed);
    // What is longer than the kind can hold never gets there: flows set it aside.
    const most = rig.destination.limits.valueBytesMax ?? Number.POSITIVE_INFINITY;
    const held = texts.map(([, text]) => text).filter((text) => Buffer.byteLength(text) <= most);
    const rows = held.map((text, index) => profileRow(`t${String(index).padStart(3, "0")}`, 1, { first_name: text }));

    const found = await sendProfiles(rig, [...rows, profileRow("t999", 1)]);

    expect(found.map((row) => row["first_name"])).toEqual([...held, null]);
  });

  test("holds a text and a JSON string as long as it says, and refuses a longer one rather than cut it", async () => {
    await using rig = await warehouseRig(bed);
    const most = rig.destination.limits.valueBytesMax;
    if (most === null || most > 1_000_000) return;
    const long = `é${"x".repeat(most - 2)}`;
    const fitting = profileRow("a", 1, { title: long, properties: JSON.stringify([long.slice(0, most - 8)]) });
    const tooLong = profileRow("b", 1, { title: `${long}x` });

    const [found] = await sendProfiles(rig, [fitting]);
    await using warehouse = await rig.open();
    const refused = codeOf(
      (async () => commit(warehouse, await rig.stage(warehouse, { planId: "rn2", files: [[tooLong]] })))(),
    );

    expect(found).toMatchObject({ title: long, properties: [long.slice(0, most - 8)] });
    expect(await refused).toBe("ROW_REJECTED");
    expect(await rig.bed.rows("profile")).toHaveLength(1);
  });

  test("keeps JSON by value", async () => {
    await using rig = await warehouseRig(bed);
    const rows = jsonTexts.map(([, json], index) =>
      profileRow(`j${String(index).padStart(3, "0")}`, 1, { properties: json }),
    );

    const found = await sendProfiles(rig, [...rows, profileRow("j999", 1)]);

    expect(found.map((row) => row["properties"])).toEqual([...jsonTexts.map(([, json]) => exactJson(json)), null]);
  });

  test("keeps numbers to the last digit and instants to the microsecond", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    const values = ["0", "-0.000000001", "12345678901234567890123456789.123456789", "1.1", null];
    const instants = [
      "1970-01-01 00:00:00",
      "1969-12-31 23:59:59.999999",
      "0001-01-01 00:00:00",
      "9999-12-31 23:59:59.999999",
      "2026-03-29 01:30:00.000001",
    ];
    const rows = values.map((value, index) =>
      eventRow(`v${index}`, 9_007_199_254_740_991, { value, event_at: instants[index] ?? null }),
    );

    await commit(warehouse, await rig.stage(warehouse, { object: "events", files: [rows] }));

    const found = await rig.bed.rows("event");
    expect(found.map(({ value }) => value)).toEqual(["0.000000000", "-0.000000001", values[2], "1.100000000", null]);
    expect(found.map((row) => row["_seq"])).toEqual(values.map(() => "9007199254740991"));
    expect(found.map((row) => row["event_at"])).toEqual([
      "1970-01-01T00:00:00.000000Z",
      "1969-12-31T23:59:59.999999Z",
      "0001-01-01T00:00:00.000000Z",
      "9999-12-31T23:59:59.999999Z",
      "2026-03-29T01:30:00.000001Z",
    ]);
  });

  test("keeps any text and any JSON", async () => {
    await using rig = await warehouseRig(bed);
    const text = fc.string({ unit: "binary" }).map((given) => given.replaceAll("\0", ""));
    const json = fc.json({ stringUnit: "binary" }).filter((given) => !given.includes("\\u0000"));
    const sample = fc.sample(fc.record({ text, json }), { numRuns: 500, seed: 20_261_124 });
    const idOf = (index: number) => `r${String(index).padStart(4, "0")}`;
    const rows = sample.map((one, index) => profileRow(idOf(index), 1, { title: one.text, properties: one.json }));

    const found = await sendProfiles(rig, rows);

    expect(found.map((row) => row["title"])).toEqual(sample.map((one) => one.text));
    expect(found.map((row) => row["properties"])).toEqual(sample.map((one) => exactJson(one.json)));
  });

  test("has its DDL in a file that says what the code does", async () => {
    const path = `lib/destinations/${kindOf(bed)}/ddl.sql`;
    await using rig = await warehouseRig(bed);
    const script = rig.destination.setupScript({}, { tablePrefix: defaultTablePrefix });

    expect(readFileSync(path, "utf8")).toBe(script);
  });
});
