import { describe, expect, test } from "vitest";
import { duration, printable, tableText } from "../../lib/local/cli/text.ts";

describe("text for a terminal", () => {
  test("shows control, escape and direction characters instead of obeying them", () => {
    const hostile = "a\u001B[31mred\u202Egnp.exe\u0000\r\nb";

    const shown = printable(hostile);

    expect(shown).toBe("a\\u{1b}[31mred\\u{202e}gnp.exe\\u{0}\\u{d}\\u{a}b");
  });

  test("aligns columns, numbers to the right", () => {
    const text = tableText(
      ["Name", "Rows"],
      [
        ["a", 5],
        ["bcd", 12_345],
      ],
    );

    expect(text).toBe(["  Name    Rows", "  a          5", "  bcd   12,345"].join("\n"));
  });

  test("says when there is nothing", () => {
    expect(tableText(["Name"], [])).toBe("  (none yet)");
  });

  test.for([
    [12, "12 ms"],
    [12_340, "12.3 s"],
    [245_000, "4 min 5 s"],
  ] as const)("spells %i ms as %s", ([ms, text]) => {
    expect(duration(ms)).toBe(text);
  });
});
