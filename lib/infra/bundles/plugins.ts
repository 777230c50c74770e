import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** Leaves nothing in the registry but these kinds, so that the bundle holds nothing of the others. */
export function onlyKinds(kinds: readonly string[]): Plugin {
  return {
    name: "only-kinds",
    setup: (bundling) => {
      bundling.onLoad({ filter: /\/lib\/destinations\/registry\.ts$/ }, async ({ path }) => ({
        contents: registryOf(await readFile(path, "utf8"), kinds),
        loader: "ts",
      }));
    },
  };
}

const registryLine = /^ *"?([\w-]+)"?: \(\) => import\("\.\/\1\/index\.ts"\),\n/gm;

/** The registry's text with the lines of these kinds alone. Throws where a kind has no line of the usual form. */
function registryOf(text: string, kinds: readonly string[]): string {
  const left = new Set(kinds);
  const contents = text.replace(registryLine, (line, kind: string) => (left.delete(kind) ? line : ""));
  if (left.size > 0) throw new TypeError(`lib/destinations/registry.ts has no line for ${[...left].join(", ")}`);
  return contents;
}

/** Puts a module that refuses in the place of every destination's client: the drivers stay in the writers. */
export const withoutDrivers: Plugin = {
  name: "without-drivers",
  setup: (bundling) => {
    bundling.onLoad({ filter: /\/lib\/destinations\/[\w-]+\/client\.ts$/ }, async ({ path }) => ({
      contents: refusing(exportsOf(await readFile(path, "utf8")), "only writers dial warehouses"),
      loader: "js",
    }));
  },
};

/** The same for DuckDB, in functions that have no layer with it. */
export const withoutEngine: Plugin = {
  name: "without-engine",
  setup: (bundling) => {
    bundling.onResolve({ filter: /^@duckdb\/node-api$/ }, ({ path }) => ({ path, namespace: "without-engine" }));
    bundling.onLoad({ filter: /.*/, namespace: "without-engine" }, () => ({
      contents: `throw new TypeError("this function has no engine"); module.exports = {};`,
      loader: "js",
    }));
  },
};

function exportsOf(text: string): string[] {
  return [...text.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map((match) => match[1] ?? "");
}

function refusing(names: readonly string[], why: string): string {
  return names.map((name) => `export function ${name}() { throw new TypeError(${JSON.stringify(why)}); }`).join("\n");
}
