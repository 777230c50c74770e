import { open, stat } from "node:fs/promises";
import type { FileInfo } from "../../flows/ports.ts";
import type { Instant } from "../../model/time.ts";
import { codeOf, translatingDisk } from "../disk.ts";
import { pathOf } from "./object-paths.ts";
import { type Version, versionIn } from "./versions.ts";

/** Keys under it keep every version. */
const versionedPrefix = "inbox/";
/** What `FileInfo.version` says where a key has but one. */
const soleVersion = "null";

export function isVersioned(key: string): boolean {
  return key.startsWith(versionedPrefix);
}

export interface FoundObject {
  readonly path: string;
  readonly version: Version | undefined;
}

/** Calls `use` with the object, or answers undefined where there is none. Finds anew where the newest version goes meanwhile. */
export async function readObject<T>(
  root: string,
  key: string,
  version: string | undefined,
  use: (found: FoundObject) => Promise<T>,
): Promise<T | undefined> {
  return translatingDisk(async () => {
    for (;;) {
      const found = await findObject(root, key, version);
      if (found === undefined) return undefined;
      try {
        return await use(found);
      } catch (error) {
        if (codeOf(error) !== "ENOENT") throw error;
        if (found.version === undefined || version !== undefined) return undefined;
      }
    }
  });
}

async function findObject(root: string, key: string, version: string | undefined): Promise<FoundObject | undefined> {
  if (isVersioned(key)) {
    const found = await versionIn(pathOf(root, key, "versions"), version);
    return found && { path: found.path, version: found };
  }
  if (version !== undefined && version !== soleVersion) return undefined;
  return { path: pathOf(root, key, "object"), version: undefined };
}

export async function infoOf(key: string, found: FoundObject): Promise<FileInfo> {
  const { size, mtimeMs } = await stat(found.path);
  const modifiedAt = found.version?.at ?? (Math.round(mtimeMs) as Instant);
  return { key, version: found.version?.id ?? soleVersion, bytes: size, modifiedAt };
}

/** The bytes from `start` to before `end`, as far as there are any. */
export async function readRange(path: string, range: { start: number; end: number }): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, Math.min(range.end, size) - range.start));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, range.start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
