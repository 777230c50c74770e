import type { AccountId } from "../../model/ids.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { findImport, importIdOf, openImports } from "../store/imports.ts";
import { inboxVersions } from "./sweep-inbox.ts";

/** When the oldest upload ended that is not in the intake log yet, claimed or not; null when none waits. */
export async function oldestOpenImport(
  deps: Pick<Deps, "table" | "files">,
  accountId: AccountId,
): Promise<Instant | null> {
  let oldest: Instant | null = null;
  const seen = (uploadedAt: Instant) => {
    if (oldest === null || uploadedAt < oldest) oldest = uploadedAt;
  };
  for (const open of await openImports(deps.table, accountId)) seen(open.uploadedAt);
  for await (const { key, version, modifiedAt } of inboxVersions(deps, accountId)) {
    const found = await findImport(deps.table, accountId, importIdOf(key, version));
    if (found === undefined) seen(modifiedAt);
  }
  return oldest;
}
