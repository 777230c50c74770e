import { describe, expect, test } from "vitest";
import { parseCsv, propertiesOf } from "../support/parse-csv.ts";

const person = "a@example.com";

describe("times (B18)", () => {
  const at = async (cell: string, mapping: object = {}) => {
    const parsed = await parseCsv("events", `Email,Metric,Timestamp\n${person},m,"${cell}"\n`, mapping);
    return parsed.rows[0]?.["event_at"] ?? parsed.rejects[0]?.[2];
  };

  test.each([
    ["2026-01-02", "2026-01-02 00:00:00"],
    ["2026-01-02 03:04", "2026-01-02 03:04:00"],
    ["2026-01-02T03:04:05", "2026-01-02 03:04:05"],
    ["2026-01-02T03:04:05.123456Z", "2026-01-02 03:04:05.123456"],
    ["2026-01-02T03:04:05.1234567Z", "2026-01-02 03:04:05.123456"],
    ["2026-01-02 03:04:05+01:00", "2026-01-02 02:04:05"],
    ["2026-01-02T03:04:05-0330", "2026-01-02 06:34:05"],
    ["2026-01-02 03:04:05 +0000", "2026-01-02 03:04:05"],
    ["2026-01-02 03:04:05 UTC", "2026-01-02 03:04:05"],
    ["01/02/2026 03:04", "2026-01-02 03:04:00"],
    ["1/2/26", "2026-01-02 00:00:00"],
    ["01/02/03", "2003-01-02 00:00:00"],
    ["1767323045", "2026-01-02 03:04:05"],
    ["1767323045.5", "2026-01-02 03:04:05.5"],
    ["1767323045123", "2026-01-02 03:04:05.123"],
    ["2024-02-29", "2024-02-29 00:00:00"],
    ["2026-02-29", "INVALID_DATE"],
    ["2026-01-02 24:00:00", "INVALID_DATE"],
    ["2026-01-02 23:59:60", "INVALID_DATE"],
    ["0000-01-01", "INVALID_DATE"],
    ["10000-01-01", "INVALID_DATE"],
    ["1989-12-31", "INVALID_DATE"],
    ["2027-11-25", "INVALID_DATE"],
    ["13/13/2026", "INVALID_DATE"],
    ["2026-1-2", "INVALID_DATE"],
    ["infinity", "INVALID_DATE"],
    ["epoch", "INVALID_DATE"],
    ["2026-01-02 03:04:05 Europe/London", "INVALID_DATE"],
    ["17673230451234", "INVALID_DATE"],
    ["", "INVALID_DATE"],
    ["\\N", "INVALID_DATE"],
  ])("%s is %s", async (cell, expected) => {
    expect(await at(cell)).toBe(expected);
  });

  test.each([
    ["2026-07-01 12:00:00", "2026-07-01 11:00:00"],
    ["2026-07-01T12:00:00Z", "2026-07-01 12:00:00"],
    ["2026-03-29 01:30:00", "2026-03-29 01:30:00"],
    ["2026-10-25 01:30:00", "2026-10-25 01:30:00"],
    ["2026-10-25 00:30:00", "2026-10-24 23:30:00"],
  ])(
    "in London %s is %s UTC: a gap counts with the offset before, an overlap is the second",
    async (cell, expected) => {
      expect(await at(cell, { timeZone: "Europe/London" })).toBe(expected);
    },
  );

  test.each([
    ["%d.%m.%Y %H:%M", "02.01.2026 03:04", "2026-01-02 02:04:00"],
    ["%d/%m/%Y %H:%M:%S %z", "02/01/2026 03:04:05 +0100", "2026-01-02 02:04:05"],
    ["%d.%m.%Y", "2026-01-02", "INVALID_DATE"],
  ])("by the format %s, %s is %s", async (dateFormat, cell, expected) => {
    expect(await at(cell, { dateFormat, timeZone: "Europe/Berlin" })).toBe(expected);
  });
});

describe("values (B17)", () => {
  test.each([
    ["12.50", "12.500000000"],
    ["-0", "0.000000000"],
    ["+7", "7.000000000"],
    ["9007199254740993", "9007199254740993.000000000"],
    ["0.123456789", "0.123456789"],
    ["99999999999999999999999999999.999999999", "99999999999999999999999999999.999999999"],
    ["", null],
    ["0.1234567891", "INVALID_NUMBER"],
    ["1e400", "INVALID_NUMBER"],
    ["NaN", "INVALID_NUMBER"],
    ["Infinity", "INVALID_NUMBER"],
    ["1_000", "INVALID_NUMBER"],
    ["1,5", "INVALID_NUMBER"],
    ["£5", "INVALID_NUMBER"],
    ["1".repeat(60), "INVALID_NUMBER"],
  ])("%s is %s", async (cell, expected) => {
    const parsed = await parseCsv("events", `Email,Metric,Timestamp,$value\n${person},m,2026-01-01,"${cell}"\n`);

    expect(parsed.rows[0]?.["value"] ?? parsed.rejects[0]?.[2] ?? null).toBe(expected);
  });
});

describe("properties (B13, B16, B17, B21, B24, B25)", () => {
  const one = async (cell: string) => {
    const parsed = await parseCsv("profiles", `Email,p\n${person},"${cell.replaceAll('"', '""')}"\n`);
    return parsed.rows[0]?.["properties"] ?? null;
  };

  test.each([
    ["12", '{"p":12}'],
    ["1.10", '{"p":1.10}'],
    ["007", '{"p":"007"}'],
    ["9007199254740993", '{"p":"9007199254740993"}'],
    ["1e400", '{"p":"1e400"}'],
    ["-0", '{"p":"-0"}'],
    ["NaN", '{"p":"NaN"}'],
    ["TRUE", '{"p":true}'],
    ["yes", '{"p":"yes"}'],
    ["null", '{"p":"null"}'],
    ["NULL", '{"p":"NULL"}'],
    ["\\N", '{"p":null}'],
    ["", null],
    ["=1+1", '{"p":"=1+1"}'],
    ["\t@x", '{"p":"\\t@x"}'],
    ["＝1", '{"p":"＝1"}'],
    ["a\u202Eb\u200D", '{"p":"a\u202Eb\u200D"}'],
    ['["a", "b"]', '{"p":["a", "b"]}'],
    ['{"a":{"b":[1,-0,1E400]}}', '{"p":{"a":{"b":[1,-0,1E400]}}}'],
    ["['a']", `{"p":"['a']"}`],
    ["[1,]", '{"p":"[1,]"}'],
    ['["\\ud800"]', '{"p":"[\\"\\\\ud800\\"]"}'],
    ['["\\u0000"]', '{"p":"[\\"\\\\u0000\\"]"}'],
    ["[NaN]", '{"p":"[NaN]"}'],
  ])("%j becomes %s", async (cell, expected) => {
    expect(await one(cell)).toBe(expected);
  });

  test.each(['{"a":1,"a":2}', '[{"x":{"a":1,"a":2}}]', '{"a":{"b":[{"c":1},{"d":0,"d":1}]}}'])(
    "with a name twice in one object are refused: %s",
    async (cell) => {
      const parsed = await parseCsv("profiles", `Email,p\n${person},"${cell.replaceAll('"', '""')}"\n`);

      expect(parsed.rejects).toEqual([[2, "", "INVALID_JSON"]]);
    },
  );

  test.each([
    [9, 1],
    [10, 0],
  ])("of %s levels in a cell give %s rows", async (levels, rows) => {
    const cell = `${'{"a":['.repeat(Math.floor(levels / 2))}${levels % 2 ? "[]" : "1"}${"]}".repeat(Math.floor(levels / 2))}`;

    const parsed = await parseCsv("profiles", `Email,p\n${person},"${cell.replaceAll('"', '""')}"\n`);

    expect(parsed.rows).toHaveLength(rows);
  });

  test("of a wide file read as those of a narrow one", async () => {
    const cells = ["1", "x", '"[1,{""b"":2}]"', "", "\\N", "True", "007", '"say ""x"""'];
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => (index % 5 ? `p${index}` : `n___p${index}___q`));
    const line = (count: number, shift: number) =>
      Array.from({ length: count }, (_, index) => cells[(index + shift) % cells.length]).join(",");
    const file = (count: number) =>
      `Email,${names(count).join(",")}\n${[0, 1, 2].map((shift) => `${person},${line(count, shift)}\n`).join("")}`;

    const [narrow, wide] = [await parseCsv("profiles", file(30)), await parseCsv("profiles", file(120))];

    expect(wide.rows).toHaveLength(3);
    for (const [row, properties] of propertiesOf(wide).entries()) {
      const [few, many] = [propertiesOf(narrow)[row] as Nested, properties as Nested];
      expect(pick(many, Object.keys(few))).toEqual({ ...few, n: many["n"] });
      expect(pick(many["n"] as Nested, Object.keys(few["n"] as Nested))).toEqual(few["n"]);
    }
  });

  test("have names that are plain data", async () => {
    const names = ["__proto__", "constructor", "toString", "$id", "select", 'say "x"', "it's"];

    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const parsed = await parseCsv(
      "profiles",
      `Email,${header}\n${person},${names.map((_, index) => index).join(",")}\n`,
    );

    const entries = Object.entries(propertiesOf(parsed)[0] as object);
    expect(entries).toEqual(names.map((name, index) => [name, index]));
  });

  test("nest by three underscores", async () => {
    const parsed = await parseCsv("profiles", `Email,a___b,a___c___d,e\n${person},1,x,\n${person},,,2\n`);

    expect(propertiesOf(parsed)).toEqual([{ a: { b: 1, c: { d: "x" } } }, { e: 2 }]);
  });
});

describe("identifiers are every character of theirs (B23)", () => {
  test("case, blanks and Unicode form count in ids", async () => {
    const ids = ["a", "A", "a ", "é", "e\u0301", "17850.0", "007"];

    const parsed = await parseCsv("profiles", `ExternalID\n${ids.join("\n")}\n`);

    expect(parsed.rows.map((row) => row["external_id"])).toEqual(ids);
  });

  test("an id over 255 bytes is refused", async () => {
    const parsed = await parseCsv("profiles", `ExternalID\n${"é".repeat(127)}\n${"é".repeat(128)}\n`);

    expect(parsed.rows).toHaveLength(1);
    expect(parsed.rejects).toEqual([[3, "ExternalID", "ID_TOO_LONG"]]);
  });
});

type Nested = Record<string, unknown>;

function pick(from: Nested, names: readonly string[]): Nested {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}
