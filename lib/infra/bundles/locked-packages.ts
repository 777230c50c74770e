import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { repositoryRoot } from "./bundle.ts";

const run = promisify(execFile);

/** A package as package-lock.json pins it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** `sha512-…`, of the tarball. */
  readonly integrity: string;
}

const LockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

/** What the lock file says of a package, for whatever platform it is. */
export async function lockedPackage(name: string): Promise<LockedPackage> {
  const lock = LockFile.parse(JSON.parse(await readFile(join(repositoryRoot, "package-lock.json"), "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not pin ${name}; run npm install once`);
  return { name, version, integrity };
}

/** Fetches a package by npm, refuses bytes other than the locked ones, and unpacks it into `target`. */
export async function fetchPackage({ name, version, integrity }: LockedPackage, target: string): Promise<void> {
  const spec = `${name}@${version}`;
  const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-pack-"));
  try {
    const tarball = join(folder, await packed(spec, folder));
    requireIntegrity(spec, await readFile(tarball), integrity);
    await mkdir(target, { recursive: true });
    await run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1", "--no-same-owner"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packed(spec: string, folder: string): Promise<string> {
  try {
    // In a folder of its own: npm reads its settings, but no workspace or script of ours.
    const args = ["pack", spec, "--pack-destination", folder, "--ignore-scripts", "--silent"];
    const { stdout } = await run("npm", args, { cwd: folder, timeout: 300_000 });
    return stdout.trim().split("\n").at(-1) ?? "";
  } catch (error) {
    throw new Error(
      `${spec} cannot be fetched: npm did not reach its registry. Run "npm run layer" once where it does, or set the registry or proxy (npm config set registry …)`,
      { cause: error },
    );
  }
}

/** Throws where the bytes are not the ones that the lock file knows. */
function requireIntegrity(spec: string, bytes: Uint8Array, integrity: string): void {
  const found = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (found !== integrity)
    throw new Error(`${spec} is not what package-lock.json names (${found} instead of ${integrity}); nothing was kept`);
}
