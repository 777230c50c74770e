import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { kinds } from "../support/warehouse-rig.ts";

/** Packages that are loaded with a file: by it and by whatever it imports at once. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(file, "utf8");
  const specifiers = [...text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^";]*\sfrom\s)?"([^"]+)";$/gm)].map(
    ([, name = ""]) => name,
  );
  return specifiers.flatMap((name) => (name.startsWith(".") ? packagesOf(join(dirname(file), name), seen) : [name]));
}

test.each(kinds)("the definition of %s is read without its driver", (kind) => {
  const packages = packagesOf(`lib/destinations/${kind}/index.ts`);

  expect([...new Set(packages)].filter((name) => name !== "zod" && !name.startsWith("node:"))).toEqual([]);
});

test.each(kinds)("the client of %s loads a driver", (kind) => {
  expect(packagesOf(`lib/destinations/${kind}/client.ts`).filter((name) => !name.startsWith("node:"))).not.toEqual([]);
});

test.each(kinds)("%s says on which ports its warehouses listen", async (kind) => {
  const { ports, embeddedOnly } = await loadDestination(kind);

  const isAnswer = ports === "any" || ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  expect([isAnswer, embeddedOnly || ports.length > 0]).toEqual([true, true]);
});
