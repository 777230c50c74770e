import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { destinations, loadDestination } from "../../lib/destinations/registry.ts";
import { sizeOfStep } from "../../lib/infra/function-sizes.ts";
import { optionRows } from "../../lib/infra/option-rows.ts";
import { readCountedRun } from "../../lib/operate/costs/read-counted-run.ts";
import { withBlock } from "../../lib/operate/docs/generated-block.ts";
import { generatedDocs } from "../../lib/operate/docs/generated-docs.ts";

const read = (path: string) => readFileSync(path, "utf8");
const kinds = await Promise.all(Object.keys(destinations).map(loadDestination));
const facts = { destinations: kinds, run: readCountedRun(), sizeOf: sizeOfStep, options: optionRows() };

test.for(generatedDocs(facts, read).map((each) => [each.path, each.text] as const))(
  "the tables of %s are current (npm run docs)",
  ([path, text]) => {
    expect(read(path)).toBe(text);
  },
);

test("a block is put between its markers and nowhere else", () => {
  const document = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";

  const once = withBlock(document, "x", "new");

  expect(once).toBe("a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n");
  expect(withBlock(once, "x", "new")).toBe(once);
  expect(() => withBlock(document, "y", "new")).toThrow("y");
});

describe("links of the documents lead somewhere", () => {
  test.each(["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md")])("%s", (path) => {
    for (const [, target = ""] of withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? path : join(dirname(path), file);
      expect(existsSync(linked), `${path} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(linked), `${path} links to ${target}`).toContain(anchor);
    }
  });
});

function withoutCode(text: string): string {
  return text.replaceAll(/```[\s\S]*?```/g, "").replaceAll(/`[^`]*`/g, "");
}

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  const headings = [...read(path).matchAll(/^#+ +(.+)$/gm)].map((match) => match[1] ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
