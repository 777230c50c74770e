import { constants, mkdirSync, readdirSync, rmSync } from "node:fs";
import { copyFile, link, mkdir, open, realpath, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileBody } from "../../flows/ports.ts";
import { codeOf, isAlive } from "../disk.ts";

/** Flushes a file, or the names in a folder, to the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents, and their names last. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await flush(dirname(folder));
}

/** Runs `work`, which puts a name into `folder`; makes the folder first where it is not there (any more). */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const triesMax = 20;
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || tries === triesMax) throw error;
      await makeFolder(folder);
    }
  }
}

const linkRefusals = new Set(["EXDEV", "EPERM", "EMLINK", "ENOTSUP"]);

/** Brings a body to `path` as a new file, flushed: bytes are written; a file is linked, or copied from another disk. */
export async function bringTo(path: string, body: FileBody, modifiedAtMs: number): Promise<void> {
  if (body instanceof Uint8Array) {
    await writeNew(path, body);
  } else {
    await linkOrCopy(await realpath(body.path), path);
    await flush(path);
  }
  await utimes(path, modifiedAtMs / 1_000, modifiedAtMs / 1_000);
}

export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!linkRefusals.has(codeOf(error) ?? "")) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Folders of unfinished files that this process has open. */
const ownFolders = new Set<string>();

/** A new folder for this process's unfinished files; those of processes that have ended are removed. */
export function openTempFolder(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  for (const other of readdirSync(parent)) {
    const path = join(parent, other);
    if (!ownFolders.has(path) && !isAlive(Number.parseInt(other, 10))) rmSync(path, { recursive: true, force: true });
  }
  const folder = join(parent, `${process.pid}.${name}`);
  mkdirSync(folder, { mode: 0o700 });
  ownFolders.add(folder);
  return folder;
}
