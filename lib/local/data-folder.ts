import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a running system tells programs of the same machine how to reach it. */
export interface Endpoint {
  readonly url: string;
  readonly sftp: { readonly host: string; readonly port: number; readonly hostKeyFingerprint: string };
}

/** What lies where in a data folder. Each file of secrets has mode 0600, the folder 0700. */
export function dataPaths(folder: string) {
  return {
    table: join(folder, "table.sqlite"),
    files: join(folder, "files"),
    secrets: join(folder, "secrets"),
    hostKey: join(folder, "ssh-host-key"),
    scratch: join(folder, "scratch"),
    spill: join(folder, "scratch", "engine"),
    warehouses: join(folder, "warehouses"),
    operatorToken: join(folder, "operator-token"),
    endpoint: join(folder, "endpoint.json"),
    accountTokens: join(folder, "account-tokens.json"),
  };
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivately(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** A text file's content, undefined where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
