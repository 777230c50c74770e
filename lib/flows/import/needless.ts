import { open } from "node:fs/promises";
import type { Deps } from "../deps.ts";
import type { LocalFile } from "../ports.ts";
import { type LastPublished, lastPublished, openImports, publishedHead, type StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";

/**
 * Whether an import would change nothing: a younger version of its name was published (`superseded`), or the last
 * import of the name had these very bytes, read the same way, and nothing was published for its objects since, nor is
 * about to be by an earlier ticket (`duplicate`).
 */
export async function needlessState(
  deps: Pick<Deps, "table" | "files">,
  record: StoredImport,
  mappingVersion: number,
  signal: AbortSignal,
): Promise<"superseded" | "duplicate" | undefined> {
  const { accountId, inboxKey } = record;
  const last = await lastPublished(deps.table, accountId, inboxKey);
  if (last === undefined || last.importId === record.id) return undefined;
  if (isYounger(last, record)) return "superseded";
  if (last.bytes !== record.bytes || last.mappingVersion !== mappingVersion) return undefined;
  for (const object of last.objects) {
    if ((await publishedHead(deps.table, accountId, object))?.importId !== last.importId) return undefined;
  }
  const earlier = (await openImports(deps.table, accountId)).filter(({ ticket }) => ticket < record.ticket);
  if (earlier.some(({ object }) => object === record.object || last.objects.includes(object))) return undefined;
  return (await haveSameBytes(deps, record, last, signal)) ? "duplicate" : undefined;
}

function isYounger(last: LastPublished, record: StoredImport): boolean {
  if (last.uploadedAt !== record.uploadedAt) return last.uploadedAt > record.uploadedAt;
  return last.version > record.version;
}

async function haveSameBytes(
  deps: Pick<Deps, "files">,
  { accountId, inboxKey, version }: StoredImport,
  last: LastPublished,
  signal: AbortSignal,
): Promise<boolean> {
  const archived = fileKeys.archive(accountId, last.importId);
  const isArchived = (await deps.files.stat(archived)) !== undefined;
  // A kill may have come between its close and its move.
  if (!isArchived && (await deps.files.stat(inboxKey, last.version)) === undefined) return false;
  await using earlier = isArchived
    ? await deps.files.download(archived, { signal })
    : await deps.files.download(inboxKey, { version: last.version, signal });
  await using later = await deps.files.download(inboxKey, { version, signal });
  return sameBytes(earlier, later, signal);
}

async function sameBytes(a: LocalFile, b: LocalFile, signal: AbortSignal): Promise<boolean> {
  if (a.bytes !== b.bytes) return false;
  await using fileA = await open(a.path);
  await using fileB = await open(b.path);
  const [chunkA, chunkB] = [Buffer.alloc(1024 * 1024), Buffer.alloc(1024 * 1024)];
  for (let at = 0; at < a.bytes; at += chunkA.length) {
    signal.throwIfAborted();
    const length = Math.min(chunkA.length, a.bytes - at);
    await fileA.read(chunkA, 0, length, at);
    await fileB.read(chunkB, 0, length, at);
    if (chunkA.compare(chunkB, 0, length, 0, length) !== 0) return false;
  }
  return true;
}
