import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Another process works on the data folder. */
export class FolderInUse extends Error {
  override readonly name = "FolderInUse";

  constructor(folder: string, holder: string, cause: unknown) {
    super(`${folder} is in use by another process${holder}; stop that one first, or choose another folder`, { cause });
  }
}

/**
 * Claims a data folder for this process until it is disposed of or the process ends, however it ends: the lock is the
 * kernel's, held by an open SQLite transaction, so a killed process leaves none behind. Throws `FolderInUse`.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holderFile = join(folder, "lock.pid");
  const database = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new FolderInUse(folder, holderOf(holderFile), error);
  }
  writeFileSync(holderFile, `${process.pid}\n`);
  return { [Symbol.dispose]: () => database.close() };
}

function holderOf(path: string): string {
  try {
    return ` (process ${readFileSync(path, "utf8").trim()})`;
  } catch {
    return "";
  }
}
