import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Deps } from "../deps.ts";

/** A file name that nobody has yet. */
export function randomName(deps: Pick<Deps, "randomness">): string {
  return Buffer.from(deps.randomness.bytes(12)).toString("hex");
}

/** A path of this process's own to write to; disposing removes what was written. */
export async function scratchFile(
  deps: Pick<Deps, "randomness" | "scratchFolder">,
  extension: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(deps.scratchFolder, { recursive: true });
  const path = join(deps.scratchFolder, `${randomName(deps)}.${extension}`);
  return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}
