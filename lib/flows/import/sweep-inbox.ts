import * as z from "zod";
import type { AccountId, UserId } from "../../model/ids.ts";
import { minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import type { FileInfo } from "../ports.ts";
import { eachAccount } from "../store/accounts.ts";
import { openImports } from "../store/imports.ts";
import { acceptUpload } from "./accept-upload.ts";
import { reviveImport } from "./revive-import.ts";

export const SweepInboxRequest = z.object({});

/** An upload that is not announced this long after its object appeared will not be any more. */
const announcedWithinMs = 20 * minuteMs;

/** Finds uploads whose event was lost and imports whose execution is gone, in every account. One trouble does not keep the others from being looked at. */
export async function sweepInbox(
  deps: Deps,
  _request: z.infer<typeof SweepInboxRequest>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { id } of eachAccount(deps.table)) {
    signal.throwIfAborted();
    for (const open of await openImports(deps.table, id)) {
      await logging(deps, { accountId: id, importId: open.importId }, () => reviveImport(deps, id, open));
    }
  }
  for await (const upload of inboxVersions(deps)) {
    signal.throwIfAborted();
    const { accountId, key, modifiedAt } = upload;
    if (!deps.uploadsAreWhole && deps.clock.now() - modifiedAt < announcedWithinMs) continue;
    const request = { ...upload, isConfirmed: deps.uploadsAreWhole };
    await logging(deps, { accountId, key }, () => acceptUpload(deps, request, signal));
  }
}

/** A version of an object in the inbox, and whose it is. */
export interface InboxVersion extends FileInfo {
  readonly accountId: AccountId;
  readonly userId: UserId;
}

/** Every version of every object in the inbox of one account, or of all: one listing serves them all. */
export async function* inboxVersions(deps: Pick<Deps, "files">, accountId?: AccountId): AsyncGenerator<InboxVersion> {
  const prefix = accountId === undefined ? "inbox/" : `inbox/${accountId}/`;
  for (let page = await deps.files.versions(prefix); page.length > 0; ) {
    for (const info of page) {
      const [, account, user] = info.key.split("/");
      yield { ...info, accountId: account as AccountId, userId: user as UserId };
    }
    page = await deps.files.versions(prefix, { after: page.at(-1)?.key ?? "" });
  }
}

async function logging(deps: Deps, fields: Record<string, unknown>, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log("sweep-failed-in-part", { what: "inbox", ...fields, message: String(error) });
  }
}
