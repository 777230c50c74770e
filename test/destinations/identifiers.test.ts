import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresTestbed, startTestbed } from "../../lib/destinations/postgres/testbed.ts";
import { redact } from "../../lib/destinations/redact.ts";
import { checkedPrefix, quoteIdentifier, quoteText } from "../../lib/destinations/sql/identifiers.ts";
import { naughtyStrings } from "../support/naughty-strings.ts";

/** What a server reads between the outer quotes. */
function unquoted(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
}

describe("a quoted identifier", () => {
  test("reads back as the name, for every name that is not refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 63 }), (name) => {
        let quoted = "";
        try {
          quoted = quoteIdentifier(name, 63);
        } catch (error) {
          expect(error).toMatchObject({ code: "NAME_INVALID" });
          return;
        }
        expect(unquoted(quoted)).toBe(name);
        expect(quoted.slice(1, -1).replaceAll('""', "")).not.toContain('"');
      }),
    );
  });

  const refused = ["", "a\0b", "a\nb", "a\u007fb", "a\u0085b", "\ud800", "a\u2028b", "x".repeat(64), "é".repeat(32)];
  test.each(refused)("refuses %j", (name) => {
    expect(() => quoteIdentifier(name, 63)).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
  });
});

describe("names on a live server", () => {
  let bed: PostgresTestbed;
  beforeAll(async () => {
    bed = await startTestbed();
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  test("of the naughtiest kind make tables of those very names, and harm no other", async () => {
    const names = [...new Set(naughtyStrings)].filter(accepts);
    await bed.administer("CREATE TABLE analytics.canary (x text); CREATE SCHEMA naughty");

    await bed.administer(names.map((name) => `CREATE TABLE naughty.${quoteIdentifier(name, 63)} (x text)`).join(";"));

    const found = await bed.ask("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'naughty'");
    expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(names.length).toBeGreaterThan(100);
    expect(await bed.rows("profile")).toEqual([]);
    expect(await bed.ask("SELECT count(*)::int AS n FROM analytics.canary")).toEqual([{ n: 0 }]);
  });

  test("and texts of the naughtiest kind are what the literal says", async () => {
    const texts = naughtyStrings.filter((text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text));

    const found = await bed.ask(
      `SELECT text FROM (VALUES ${texts.map((text, at) => `(${at}, ${quoteText(text)})`).join(", ")}) t (at, text) ORDER BY at`,
    );

    expect(found.map(({ text }) => text)).toEqual(texts);
  });
});

function accepts(name: string): boolean {
  try {
    return quoteIdentifier(name, 63) !== "";
  } catch {
    return false;
  }
}

test("a prefix is letters, digits and underscores, or nothing", () => {
  for (const prefix of ["", "klaviyo_", "_", "Abc1_"]) expect(checkedPrefix(prefix)).toBe(prefix);
  for (const prefix of ["1a", "a-b", 'a"', "a b", "é", "a".repeat(31)]) expect(() => checkedPrefix(prefix)).toThrow();
});

test("a redacted text holds no secret, even where one is part of another", () => {
  expect(redact("user x:hunter22 at hunter2\r\nnext", ["hunter2", "hunter22", ""])).toBe("user x:*** at *** next");
  expect(redact("x".repeat(5_000), [])).toHaveLength(1_000);
});
