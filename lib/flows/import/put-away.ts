import type { Deps } from "../deps.ts";
import { importExecution, type StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";

/**
 * Clears up after an import that has ended: exactly the version that was imported moves from the inbox to the archive,
 * and what its attempts left behind goes. The inbox is left last: while the object lies there, the sweep comes again.
 */
export async function putAway(deps: Pick<Deps, "files">, record: StoredImport): Promise<void> {
  const { accountId, id, inboxKey, version } = record;
  if ((await deps.files.stat(inboxKey, version)) === undefined) return;
  await deps.files.copy({ key: inboxKey, version }, fileKeys.archive(accountId, id));
  for (let attempt = 1; attempt <= record.attempt; attempt += 1) {
    const name = importExecution({ id, attempt });
    await removeAll(deps, fileKeys.work(accountId, name, ""));
    if (attempt !== record.publishedAttempt) await removeAll(deps, fileKeys.intake(accountId, name, ""));
  }
  await deps.files.delete(inboxKey, version);
}

async function removeAll(deps: Pick<Deps, "files">, prefix: string): Promise<void> {
  for (let page = await deps.files.list(prefix); page.length > 0; page = await deps.files.list(prefix)) {
    for (const { key } of page) await deps.files.delete(key);
  }
}
