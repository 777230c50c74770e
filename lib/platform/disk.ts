import { rm } from "node:fs/promises";
import { SyncError } from "../model/errors.ts";

/** Removes a file or a folder with all that is in it; nothing there is as good. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** The code that the system gave to a failure. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Failures of the disk as ours; others as they are. */
export async function translatingDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw new SyncError("STORAGE_FULL", { cause: error });
    if (code === "EIO" || code === "EMFILE" || code === "ENFILE") {
      throw new SyncError("STORE_UNAVAILABLE", { message: `the disk did not answer: ${code}`, cause: error });
    }
    throw error;
  }
}

/** Whether another process of this id runs. Our own id on a folder we did not open is that of a forerunner. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}
