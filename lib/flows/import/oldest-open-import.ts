import type { AccountId } from "../../model/ids.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { findImport, importIdOf, openImports } from "../store/imports.ts";
import { type InboxVersion, inboxVersions } from "./sweep-inbox.ts";
import { uploadPlace } from "./upload-place.ts";

/** When the oldest upload ended that is not in the intake log yet, claimed or not; null when none waits. */
export async function oldestOpenImport(
  deps: Pick<Deps, "table" | "files" | "uploadsAreWhole" | "isPartialUpload">,
  accountId: AccountId,
): Promise<Instant | null> {
  let oldest: Instant | null = null;
  const seen = (uploadedAt: Instant) => {
    if (oldest === null || uploadedAt < oldest) oldest = uploadedAt;
  };
  for (const open of await openImports(deps.table, accountId)) seen(open.uploadedAt);
  for await (const upload of inboxVersions(deps, accountId)) {
    if (await waitsForClaim(deps, upload)) seen(upload.modifiedAt);
  }
  return oldest;
}

/** Whether an object in the inbox is one that will be imported and has not been claimed. */
export async function waitsForClaim(
  deps: Pick<Deps, "table" | "uploadsAreWhole" | "isPartialUpload">,
  upload: InboxVersion,
): Promise<boolean> {
  const { accountId, key, version } = upload;
  if (uploadPlace(upload) === undefined) return false;
  if ((await findImport(deps.table, accountId, importIdOf(key, version))) !== undefined) return false;
  return deps.uploadsAreWhole || !(await deps.isPartialUpload(key, version));
}
