import { existsSync } from "node:fs";
import { cp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeReadable } from "./readable.ts";

/** What a function and its layers may hold unzipped: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const unzippedBytesMax = 250 * 1024 * 1024;

/** Bytes of all files in a folder. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

/** Throws where a function would be refused by Lambda: its code and all its layers count together. */
export async function requireDeployable(name: string, folders: readonly string[]): Promise<void> {
  let bytes = 0;
  for (const folder of folders) bytes += await folderBytes(folder);
  if (bytes > unzippedBytesMax) {
    const [found, max] = [bytes, unzippedBytesMax].map((each) => `${(each / 1024 / 1024).toFixed(0)} MB`);
    throw new Error(
      `${name} and its layers are ${found} unzipped, and Lambda takes ${max}; pack fewer extra libraries`,
    );
  }
}

/** Lays an operator's shared libraries out as a layer, whose `lib/` the loader searches. */
export async function librariesLayer(librariesFolder: string, outFolder: string): Promise<string> {
  if (!existsSync(librariesFolder))
    throw new Error(`option extraLibraries names ${librariesFolder}, which is not there`);
  await rm(outFolder, { recursive: true, force: true });
  await cp(librariesFolder, join(outFolder, "lib"), { recursive: true, dereference: true });
  await makeReadable(outFolder);
  return outFolder;
}
