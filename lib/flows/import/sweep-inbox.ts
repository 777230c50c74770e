import * as z from "zod";
import type { AccountId, UserId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import type { FileInfo } from "../ports.ts";
import { eachAccount } from "../store/accounts.ts";
import { openImports } from "../store/imports.ts";
import { acceptUpload } from "./accept-upload.ts";
import { reviveImport } from "./revive-import.ts";

export const SweepInboxRequest = z.object({});

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
    for await (const upload of inboxVersions(deps, id)) {
      const userId = upload.key.split("/")[2] as UserId;
      const { key, version } = upload;
      await logging(deps, { accountId: id, key }, () =>
        acceptUpload(deps, { accountId: id, userId, key, version }, signal),
      );
    }
  }
}

/** Every version of every object in an account's inbox. */
export async function* inboxVersions(deps: Pick<Deps, "files">, accountId: AccountId): AsyncGenerator<FileInfo> {
  const prefix = `inbox/${accountId}/`;
  for (let page = await deps.files.versions(prefix); page.length > 0; ) {
    yield* page;
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
