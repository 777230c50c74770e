import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Lets everybody read a folder, whatever this machine's umask: Lambda runs code as a user that does not own it. */
export async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}
