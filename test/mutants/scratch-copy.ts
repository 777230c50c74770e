import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The sources as they stand now, in a folder of their own with our packages linked; nothing in the tree is touched. */
export function scratchCopy(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "warehouse-sync-copy-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of listed.toString().split("\0")) {
    if (file !== "" && file !== "node_modules" && existsSync(join(root, file)))
      cpSync(join(root, file), join(path, file));
  }
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"), "dir");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
