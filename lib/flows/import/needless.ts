import type { Deps } from "../deps.ts";
import {
  findImport,
  type LastPublished,
  lastPublished,
  openImports,
  publishedHead,
  type StoredImport,
} from "../store/imports.ts";
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
  if (await isYounger(deps, last, record)) return "superseded";
  if (last.bytes !== record.bytes || last.mappingVersion !== mappingVersion) return undefined;
  for (const object of last.objects) {
    if ((await publishedHead(deps.table, accountId, object))?.importId !== last.importId) return undefined;
  }
  const earlier = (await openImports(deps.table, accountId)).filter(({ ticket }) => ticket < record.ticket);
  if (earlier.some(({ object }) => object === record.object || last.objects.includes(object))) return undefined;
  return (await haveSameBytes(deps, record, last, signal)) ? "duplicate" : undefined;
}

/** A store may tell times to the second only, and names of versions say nothing: of two in one second the one claimed last counts. */
async function isYounger(deps: Pick<Deps, "table">, last: LastPublished, record: StoredImport): Promise<boolean> {
  if (last.uploadedAt !== record.uploadedAt) return last.uploadedAt > record.uploadedAt;
  const published = await findImport(deps.table, record.accountId, last.importId);
  return published !== undefined && published !== "withdrawn" && published.ticket > record.ticket;
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
  const earlier = isArchived ? { key: archived } : { key: inboxKey, version: last.version };
  return sameBytes(deps, earlier, { key: inboxKey, version }, last.bytes, signal);
}

interface ObjectVersion {
  readonly key: string;
  readonly version?: string;
}

/** Bytes compared at once. */
const chunkBytes = 8 * 1024 * 1024;

/** Compares piece by piece: a file may be larger than this machine's disk. */
async function sameBytes(
  { files }: Pick<Deps, "files">,
  { key: keyA, ...versionA }: ObjectVersion,
  { key: keyB, ...versionB }: ObjectVersion,
  bytes: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let start = 0; start < bytes; start += chunkBytes) {
    signal.throwIfAborted();
    const range = { start, end: start + chunkBytes };
    const [a, b] = await Promise.all([
      files.get(keyA, { ...versionA, range }),
      files.get(keyB, { ...versionB, range }),
    ]);
    if (a === undefined || b === undefined || Buffer.compare(a, b) !== 0) return false;
  }
  return true;
}
