import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { repositoryRoot } from "./bundle.ts";
import { fetchPackage, type LockedPackage, lockedPackage } from "./locked-packages.ts";
import { makeReadable } from "./readable.ts";

/** Processors that Lambda has, by the words of our configuration. */
export type Architecture = "arm64" | "x86_64";

interface LayerOptions {
  /** @default `.cache/duckdb-layer` in the repository */
  readonly cacheFolder?: string;
  /** Told what takes a while, and how long it took. @default nobody */
  readonly say?: (text: string) => void;
}

const cpus: Readonly<Record<Architecture, string>> = { arm64: "arm64", x86_64: "x64" };
const partMark = ".part-";
const abandonedAfterMs = 3_600_000;

/**
 * A folder with DuckDB's native binding for Linux on that processor, laid out as a Lambda layer (`nodejs/node_modules`).
 * Of the version and with the content that package-lock.json names, and kept between runs: only the first needs the
 * registry, and none where this machine has the very package installed.
 */
export async function duckdbLayer(architecture: Architecture, options: LayerOptions = {}): Promise<string> {
  const cacheFolder = options.cacheFolder ?? join(repositoryRoot, ".cache/duckdb-layer");
  const names = ["@duckdb/node-bindings", `@duckdb/node-bindings-linux-${cpus[architecture]}`];
  const packages = await Promise.all(names.map(lockedPackage));
  const folder = join(cacheFolder, `${packages[0]?.version}-${architecture}`);
  if (existsSync(folder)) return folder;
  const startedAt = Date.now();
  options.say?.(`DuckDB for ${architecture} is not in ${cacheFolder} yet: fetching it`);
  await removeAbandoned(cacheFolder);
  await appearWhole(folder, async (part) => {
    for (const each of packages) await bring(each, join(part, "nodejs/node_modules", each.name));
  });
  options.say?.(`fetched in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
  return folder;
}

/** `npm ci` checked what is installed against the lock file; anything else comes from the registry. */
async function bring(each: LockedPackage, target: string): Promise<void> {
  const installed = join(repositoryRoot, "node_modules", each.name);
  if (existsSync(installed)) await cp(installed, target, { recursive: true });
  else await fetchPackage(each, target);
}

/** Fills a folder beside the place and then gives it its name, so that a killed process leaves nothing that looks whole. */
async function appearWhole(folder: string, fill: (part: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const part = await mkdtemp(`${folder}${partMark}`);
  try {
    await fill(part);
    await makeReadable(part);
    await rename(part, folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    // Another process was faster, and brought the same.
    if (!existsSync(folder)) throw error;
  }
}

async function removeAbandoned(cacheFolder: string): Promise<void> {
  if (!existsSync(cacheFolder)) return;
  for (const name of await readdir(cacheFolder)) {
    const path = join(cacheFolder, name);
    if (!name.includes(partMark)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}
