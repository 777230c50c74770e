import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { importRig } from "../support/import-rig.ts";
import { parseCsv, propertiesOf } from "../support/parse-csv.ts";

const person = "a@example.com";

describe("a file that cannot be read as a whole fails with its code (B01, B05, B06, B12, B14, B15, B26 to B28)", () => {
  test.each([
    ["EMPTY_FILE", ""],
    ["EMPTY_FILE", "\uFEFF"],
    ["EMPTY_FILE", "\n\r\n\n"],
    ["UNSUPPORTED_ENCODING", Buffer.from("\uFEFFEmail\na@b.co\n", "utf16le")],
    ["UNSUPPORTED_ENCODING", Buffer.from("Email\na@b.co\n", "utf16le").swap16()],
    ["UNSUPPORTED_ENCODING", Buffer.from("Email\na@b.co\n", "utf16le")],
    ["INVALID_ENCODING", Buffer.from("Email,name\na@b.co,Jos\xe9\n", "latin1")],
    ["INVALID_ENCODING", Buffer.from("Email,Stra\xdfe\na@b.co,x\n", "latin1")],
    ["INVALID_ENCODING", Buffer.from("Email,n\na@b.co,\xed\xa0\x80\n", "latin1")],
    ["INVALID_ENCODING", Buffer.from("Email,n\na@b.co,\xc0\xaf\n", "latin1")],
    ["INVALID_ENCODING", Buffer.from("Email,n\na@b.co,\xe2\x82", "latin1")],
    ["DUPLICATE_HEADER", "Email,x,x\n"],
    ["DUPLICATE_HEADER", "Email,Plan,plan\n"],
    ["DUPLICATE_HEADER", "Email,é,e\u0301\n"],
    ["DUPLICATE_HEADER", "Email,x,x \n"],
    ["DUPLICATE_HEADER", "Email,Email Address\n"],
    ["DUPLICATE_HEADER", "Email,a,a___b\n"],
    ["EMPTY_HEADER", "Email,,x\n"],
    ["IDENTIFIER_MISSING", "name,age\nx,1\n"],
    ["TOO_MANY_COLUMNS", `Email,${Array.from({ length: 1_000 }, (_, index) => `c${index}`).join(",")}\n`],
    ["TOO_MANY_COLUMNS", `Email,${"x,".repeat(1_000_000)}\n`],
    ["HEADER_TOO_LONG", `Email,${"x".repeat(600)}\n`],
    ["LINE_TOO_LONG", `Email,${"x".repeat(1_100_000)}\n`],
    ["UNTERMINATED_QUOTE", 'Email,"name\na@b.co,x\n'],
    ["DELIMITER_UNCLEAR", "Email,a;b\nx,1;2\n"],
    ["NOT_CSV", gzipSync("Email\na@b.co\n")],
    ["NOT_CSV", Buffer.from("504b03041400000008", "hex")],
    ["NOT_CSV", "%PDF-1.7\n"],
    ["NOT_CSV", "<!DOCTYPE html><table></table>"],
    ["NOT_CSV", '[{"Email":"a@b.co"}]'],
    ["NOT_CSV", Buffer.from([1, 2, 0, 3, 10, 0, 1])],
  ])("%s (%#)", async (code, content) => {
    await expect(parseCsv("profiles", content)).rejects.toMatchObject({ code });
  });

  test("and says where the first bad byte is", async () => {
    const content = Buffer.concat([Buffer.from(`Email,n\n${"a@b.co,ä\n".repeat(3_000)}`), Buffer.from([0xff, 10])]);

    await expect(parseCsv("profiles", content)).rejects.toThrow(`byte ${content.length - 2}`);
  });

  test("and its report and record say so", async () => {
    using rig = await importRig();

    const record = await rig.drop("profiles/a.csv", "name\nx\n");

    expect(record).toMatchObject({
      state: "failed",
      errorCode: "IDENTIFIER_MISSING",
      rowsAccepted: 0,
      intakeSeq: null,
    });
    expect(await rig.result(record, "report")).toContain("IDENTIFIER_MISSING");
    expect(await rig.deps.files.list("inbox/")).toEqual([]);
  });
});

describe("a header without rows (B02)", () => {
  test("is a success with nothing in it", async () => {
    using rig = await importRig();

    const record = await rig.drop("profiles/a.csv", "Email\n");

    expect(record).toMatchObject({ state: "completed", rowsTotal: 0, intakeSeq: null });
    expect(await rig.result(record, "report")).toContain("no rows");
  });
});

describe("line ends (B03), byte order mark (B04) and delimiters (B15)", () => {
  const rows = ["a@x.co", "b@x.co"];
  test.each([
    ["LF", "Email,n\na@x.co,1\nb@x.co,2\n"],
    ["no last one", "Email,n\na@x.co,1\nb@x.co,2"],
    ["CRLF", "Email,n\r\na@x.co,1\r\nb@x.co,2\r\n"],
    ["CR", "Email,n\ra@x.co,1\rb@x.co,2\r"],
    ["mixed", "Email,n\r\na@x.co,1\rb@x.co,2\n"],
    ["mark", "\uFEFFEmail,n\na@x.co,1\nb@x.co,2\n"],
    ["semicolons", "Email;n\na@x.co;1\nb@x.co;2\n"],
    ["tabs", "Email\tn\na@x.co\t1\nb@x.co\t2\n"],
    ["pipes", "Email|n\na@x.co|1\nb@x.co|2\n"],
    ["sep=", "sep=;\r\nEmail;n\r\na@x.co;1\r\nb@x.co;2\r\n"],
    ["blank lines", "\n\nEmail,n\n\na@x.co,1\n\n\nb@x.co,2\n\n"],
  ])("%s", async (_name, content) => {
    const parsed = await parseCsv("profiles", content);

    expect(parsed.rows.map((row) => row["email"])).toEqual(rows);
    expect(propertiesOf(parsed)).toEqual([{ n: 1 }, { n: 2 }]);
  });
});

describe("bad rows", () => {
  test.each([
    ["NUL (B07)", `${person},a\0b\n`, [[2, "", "INVALID_TEXT"]]],
    [
      "an open quote takes the rest of the file (B09)",
      `${person},x\n${person},"y\n${person},z\n`,
      [[3, "", "UNTERMINATED_QUOTE"]],
    ],
    ["text after a closing quote (B10)", `${person},"a"b\n${person},c\n`, [[2, "", "BAD_QUOTE"]]],
    [
      "ragged rows (B11)",
      `${person}\n${person},a,b\n`,
      [
        [2, "", "FIELD_COUNT"],
        [3, "", "FIELD_COUNT"],
      ],
    ],
    ["a cell of 2 MB (B14)", `${person},${"x".repeat(2_000_000)}\n`, [[2, "", "CELL_TOO_LARGE"]]],
    ["a line of 5 MB (B14)", `${person},${"x".repeat(5_000_000)}\n${person},y\n`, [[2, "", "LINE_TOO_LONG"]]],
    [
      "a line of 20 MB, quoted (B14)",
      `${person},"${"x\n".repeat(10_000_000)}"\n${person},"\n`,
      [
        [2, "", "LINE_TOO_LONG"],
        [10_000_003, "", "UNTERMINATED_QUOTE"],
      ],
    ],
    ["deep JSON (B25)", `${person},${"[".repeat(20_000)}${"]".repeat(20_000)}\n`, [[2, "", "JSON_TOO_DEEP"]]],
  ])("%s", async (_name, body, rejects) => {
    const parsed = await parseCsv("profiles", `Email,note\n${body}`);

    expect(parsed.rejects).toEqual(rejects);
    expect(parsed.rows.length + parsed.rejects.length).toBe(parsed.records);
  });

  test.each([
    [" Ann@Example.COM ", "ann@example.com"],
    ["user@münchen.de", "user@münchen.de"],
    [`${"x".repeat(64)}@example.com`, `${"x".repeat(64)}@example.com`],
    [`${"x".repeat(65)}@example.com`, null],
    [`a@${"x.".repeat(126)}com`, null],
    ['"a b"@example.com', null],
    ["a@example.com.", null],
    ["a@@example.com", null],
    ["a@b@example.com", null],
    ["<a@example.com>", null],
    ["a@example", null],
    ["a@example.com\nBcc: b@example.com", null],
    ["a b@example.com", null],
  ])("e-mail %j (B19)", async (email, expected) => {
    const parsed = await parseCsv("profiles", `Email\n"${email.replaceAll('"', '""')}"\n`);

    expect(parsed.rows.map((row) => row["email"])).toEqual(expected === null ? [] : [expected]);
    expect(parsed.rejects).toEqual(expected === null ? [[2, "Email", "INVALID_EMAIL"]] : []);
  });

  test.each([
    ["+44 (7700) 900-123", "+447700900123"],
    ["+14155550100", "+14155550100"],
    ["07700900123", null],
    ["+0447700900123", null],
    ["+1234567", null],
    ["+1234567890123456", null],
    ["+٤٤٧٧٠٠٩٠٠١٢٣", null],
    ["+447700900123 ext. 5", null],
  ])("phone %j (B20)", async (phone, expected) => {
    const parsed = await parseCsv("profiles", `PhoneNumber\n${phone}\n`);

    expect(parsed.rows.map((row) => row["phone_number"])).toEqual(expected === null ? [] : [expected]);
    expect(parsed.rejects).toEqual(expected === null ? [[2, "PhoneNumber", "INVALID_PHONE"]] : []);
  });
});
