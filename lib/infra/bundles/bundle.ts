import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { type BuildOptions, build, type Metafile, type OutputFile } from "esbuild";
import { deployedKinds } from "./deployed-kinds.ts";
import { onlyKinds, withoutDrivers, withoutEngine } from "./plugins.ts";
import { makeReadable } from "./readable.ts";

/** The code of one function, ready to be deployed: `index.mjs`, whose `handler` Lambda calls, and its source map. */
export interface Bundle {
  /** The folder under `functions/`, or `writer-<kind>`. */
  readonly name: string;
  readonly folder: string;
  /** Of the code, without the source map. */
  readonly bytes: number;
  /** What it is made of: path from the repository's root → bytes of it that are left in the code. */
  readonly inputs: Readonly<Record<string, number>>;
}

export const repositoryRoot = resolve(import.meta.dirname, "../../..");

/** The bundle of the function that writes to warehouses of a kind. */
export function writerBundleName(kind: string): string {
  return `writer-${kind}`;
}

/** Functions of one make: they differ in nothing but their entry. */
interface Make {
  readonly entries: Readonly<Record<string, string>>;
  readonly plugins: BuildOptions["plugins"];
}

/**
 * Bundles every function into `outFolder/<name>`, the writer once per kind with that kind's driver alone. `hasEngine`
 * says which functions find DuckDB in their layer; the others are made without its API. The same sources give the same
 * bytes. `isWanted` leaves functions out.
 */
export async function bundleFunctions(
  outFolder: string,
  hasEngine: (name: string) => boolean,
  isWanted: (name: string) => boolean = () => true,
): Promise<readonly Bundle[]> {
  const kinds = await deployedKinds();
  const folders = await readdir(join(repositoryRoot, "functions"), { withFileTypes: true });
  const names = folders.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  const callers = names.filter((name) => name !== "writer" && isWanted(name));
  const makes: Make[] = [
    {
      entries: entriesOf(callers.filter((name) => !hasEngine(name))),
      plugins: [onlyKinds(kinds), withoutDrivers, withoutEngine],
    },
    { entries: entriesOf(callers.filter(hasEngine)), plugins: [onlyKinds(kinds), withoutDrivers] },
    ...kinds
      .filter((kind) => isWanted(writerBundleName(kind)))
      .map((kind) => ({
        entries: { [writerBundleName(kind)]: entryOf("writer") },
        plugins: [onlyKinds([kind])],
      })),
  ];
  const bundles = await Promise.all(makes.map((make) => bundlesOf(make, resolve(outFolder))));
  return bundles.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entryOf(name: string): string {
  return join(repositoryRoot, "functions", name, "handler.ts");
}

function entriesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, entryOf(name)]));
}

/** Layers are found by `require` alone, and many packages of npm still call it. */
const requireForModules =
  'import{createRequire as $createRequire}from"node:module";const require=$createRequire(import.meta.url);';

async function bundlesOf(make: Make, outFolder: string): Promise<Bundle[]> {
  if (Object.keys(make.entries).length === 0) return [];
  const { outputFiles, metafile } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: Object.fromEntries(Object.entries(make.entries).map(([name, entry]) => [`${name}/index`, entry])),
    outdir: outFolder,
    outExtension: { ".js": ".mjs" },
    ...{ bundle: true, write: false, metafile: true, minify: true, keepNames: true },
    ...{ format: "esm", platform: "node", target: "node24" },
    // The shape that a bundler can take unused parts out of, where a package has both.
    mainFields: ["module", "main"],
    ...{ sourcemap: "linked", sourcesContent: false, legalComments: "none" },
    banner: { js: requireForModules },
    // The native binding comes by the layer; `pg` offers another one that nobody here uses.
    external: ["@duckdb/node-bindings*", "pg-native"],
    ...(make.plugins === undefined ? {} : { plugins: make.plugins }),
    logLevel: "error",
  });
  for (const file of outputFiles) await writeOutput(file);
  for (const name of Object.keys(make.entries)) await makeReadable(join(outFolder, name));
  return Object.keys(make.entries).map((name) => bundleOf(name, outFolder, metafile));
}

/** Paths in a source map count from the root, so that the bytes do not tell where the code was bundled. */
async function writeOutput({ path, contents, text }: OutputFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (!path.endsWith(".map")) return writeFile(path, contents);
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) =>
    // What a plugin made up lies nowhere.
    /^[\w-]+:/.test(source) ? source : relative(repositoryRoot, resolve(dirname(path), source)),
  );
  return writeFile(path, JSON.stringify({ ...map, sources }));
}

function bundleOf(name: string, outFolder: string, metafile: Metafile): Bundle {
  const folder = join(outFolder, name);
  const output = metafile.outputs[relative(repositoryRoot, join(folder, "index.mjs"))];
  if (output === undefined) throw new TypeError(`esbuild made no bundle of ${name}`);
  const inputs = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput]);
  return { name, folder, bytes: output.bytes, inputs: Object.fromEntries(inputs) };
}
