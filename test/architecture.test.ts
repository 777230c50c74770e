import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

/** Room → the rooms it may import from, its own aside. The longest matching room decides. */
const allowed: Record<string, readonly string[]> = {
  "lib/model": [],
  "lib/engine": ["lib/model"],
  "lib/destinations": ["lib/model"],
  "lib/flows": ["lib/engine", "lib/destinations", "lib/model"],
  "lib/http": ["lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  "lib/platform": ["lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  "lib/local": ["lib/platform", "lib/http", "lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  "lib/operate": ["lib/platform", "lib/local", "lib/http", "lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  "lib/infra": ["lib/platform", "lib/http", "lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  functions: ["lib/platform", "lib/http", "lib/flows", "lib/engine", "lib/destinations", "lib/model"],
  bin: [
    "lib/infra",
    "lib/operate",
    "lib/local",
    "lib/http",
    "lib/platform",
    "lib/flows",
    "lib/engine",
    "lib/destinations",
    "lib/model",
  ],
};

const packagesOnlyIn: readonly (readonly [RegExp, RegExp])[] = [
  [/^@aws-sdk\//, /^lib\/(platform\/aws|destinations)\//],
  [/^(aws-cdk-lib|constructs|cdk-nag)/, /^(lib\/infra|bin)\//],
  [/^(@middy|@aws-lambda-powertools)\//, /^(functions|lib\/platform\/aws)\//],
  [/^esbuild$/, /^lib\/infra\//],
  [/^(ssh2|aws-local-stepfunctions)$/, /^lib\/(platform\/embedded|local)\//],
  [/^node:sqlite$/, /^lib\/platform\/embedded\//],
  [/^@duckdb\/node-api$/, /^lib\/(engine|destinations\/duckdb)\//],
];

const files = globSync(["{bin,lib,functions}/**/*.ts"]).filter(
  (file) => !file.endsWith(".test.ts") && !file.endsWith("/testbed.ts"),
);

describe("imports point down", () => {
  test.each(files)("%s", (file) => {
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith(".")) {
        const target = relative(".", join(dirname(file), specifier));
        const [from, to] = [roomOf(file), roomOf(target)];
        expect(from === to || (allowed[from] ?? []).includes(to), `${file} imports ${target}`).toBe(true);
        expect(isSiblingDestination(file, target), `${file} imports its sibling ${target}`).toBe(false);
      } else {
        for (const [pattern, rooms] of packagesOnlyIn) {
          if (pattern.test(specifier)) expect(file, `${file} imports ${specifier}`).toMatch(rooms);
        }
      }
    }
  });

  test("process.env is read where the process starts, and nowhere else", () => {
    const readers = files.filter((file) => readFileSync(file, "utf8").includes("process.env"));

    expect(readers.filter((file) => !/^bin\/[\w-]+\.ts$/.test(file) && file !== "lib/platform/aws/deps.ts")).toEqual(
      [],
    );
  });
});

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function roomOf(path: string): string {
  const rooms = Object.keys(allowed).filter((room) => path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? path;
}

/** Folders beside the kinds that any of them may use: SQL, PostgreSQL's protocol, AWS's services, stand-ins for tests. */
const sharedFolders = ["sql", "pg-wire", "aws", "stand-ins"];

/** A destination may import what is shared and the files of the folder above, never another kind. */
function isSiblingDestination(file: string, target: string): boolean {
  const kindOf = (path: string) => /^lib\/destinations\/([^/]+)\//.exec(path)?.[1];
  const [own, other] = [kindOf(file), kindOf(target)];
  return own !== undefined && other !== undefined && own !== other && !sharedFolders.includes(other);
}
