import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../lib/platform/disk.ts";

/**
 * A folder of this process below `root`. What processes that are gone have left there goes first: Lambda keeps the disk
 * when it replaces a process that it had to end.
 */
export function ownScratch(root: string): string {
  const own = join(root, String(process.pid));
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(root))
    if (name === String(process.pid) || !isAlive(Number(name)))
      rmSync(join(root, name), { recursive: true, force: true });
  mkdirSync(own, { mode: 0o700 });
  return own;
}
