import { comparePositions, type Position } from "../../model/log.ts";
import type { ListedFile } from "../../model/plan-files.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { accountPointer, accountState, changeEntries, changeFiles } from "../store/log.ts";
import { replaysAfter } from "../store/quarantine.ts";

/** Files that a sync has before it now: above its watermark, up to the head of the log or to its cut. */
export async function listLog(deps: Pick<Deps, "table" | "files">, sync: SyncRecord): Promise<readonly ListedFile[]> {
  if (sync.mode === "replay") return replaysAfter(deps.table, sync.accountId, sync.id, sync.watermark.file);
  if (sync.mode !== "periodic" && sync.object === "profiles") return listPinnedState(deps, sync);
  const toSeq = sync.mode === "periodic" ? await headSeq(deps, sync) : sync.cutSeq;
  const listed: ListedFile[] = [];
  // The entry that holds the watermark is read again: a plan may have ended within it.
  for (let afterSeq = Math.max(0, sync.watermark.seq - 1); afterSeq < toSeq; ) {
    const entries = await changeEntries(deps.table, sync.accountId, sync.object, { afterSeq, toSeq });
    for (const entry of entries) {
      afterSeq = entry.seq;
      if (entry.seq === sync.watermark.seq && entry.files <= sync.watermark.file) continue;
      const { files } = await changeFiles(deps.files, entry);
      listed.push(...files.map((source) => ({ position: { seq: entry.seq, file: source.file }, source })));
    }
    if (entries.length === 0) break;
  }
  return listed.filter((file) => isAbove(file.position, sync.watermark));
}

/** Whether anything stands above the watermark; reads no lists. */
export async function hasNews(deps: Pick<Deps, "table">, sync: SyncRecord): Promise<boolean> {
  if (sync.mode !== "periodic") return sync.completedAt === null;
  const head = await headSeq(deps, sync);
  if (head !== sync.watermark.seq) return head > sync.watermark.seq;
  const [entry] = await changeEntries(deps.table, sync.accountId, sync.object, { afterSeq: head - 1, toSeq: head });
  return entry !== undefined && entry.files > sync.watermark.file;
}

async function headSeq(deps: Pick<Deps, "table">, sync: SyncRecord): Promise<number> {
  const pointer = await accountPointer(deps.table, sync.accountId);
  return sync.object === "profiles" ? pointer.profilesSeq : pointer.eventsSeq;
}

/** The state at the cut as a log of one entry: bases and deltas, each whole; the warehouse keeps the highest `_seq` of each profile. */
async function listPinnedState(deps: Pick<Deps, "files">, sync: SyncRecord): Promise<readonly ListedFile[]> {
  const state = await accountState(deps.files, sync.cutStateKey ?? "");
  const files = state.profiles.flatMap(({ base, deltas }) => (base === null ? deltas : [base, ...deltas]));
  return files
    .map((file, index) => ({ position: { seq: sync.cutSeq, file: index + 1 }, source: { ...file, file: index + 1 } }))
    .filter((file) => isAbove(file.position, sync.watermark));
}

function isAbove(position: Position, watermark: Position): boolean {
  return comparePositions(position, watermark) > 0;
}
