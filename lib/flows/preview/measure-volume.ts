import { historyWindows, type Selection } from "../../model/connection.ts";
import type { AccountId } from "../../model/ids.ts";
import type { ChangeFile, DataObject } from "../../model/log.ts";
import { after } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { accountPointer, accountState, changeEntries, changeFiles } from "../store/log.ts";

/** What a historical sync of one object would send. */
export interface ObjectVolume {
  readonly object: DataObject;
  readonly rows: number;
  /** In Parquet, as it lies in our log. */
  readonly bytes: number;
  readonly files: number;
  /** True where the selection may leave out rows that are counted here. */
  readonly isUpperBound: boolean;
}

/** Lists of files that are read to see which meet a window; entries beyond count as a whole. */
const listsMax = 500;

/** Measures what a selection would send of an object now, by what our records say: no file of rows is read. */
export async function measureVolume(
  deps: Deps,
  accountId: AccountId,
  object: DataObject,
  selection: Pick<Selection, "history" | "metrics" | "excludedIntegrations">,
): Promise<ObjectVolume> {
  return object === "profiles" ? profileVolume(deps, accountId) : eventVolume(deps, accountId, selection);
}

async function profileVolume(deps: Deps, accountId: AccountId): Promise<ObjectVolume> {
  const { stateKey } = await accountPointer(deps.table, accountId);
  const state = await accountState(deps.files, stateKey);
  const files = state.profiles.flatMap(({ base, deltas }) => (base === null ? deltas : [base, ...deltas]));
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  // Deltas bring later versions of the same profiles, and all of them are sent.
  return { object: "profiles", rows, bytes, files: files.length, isUpperBound: false };
}

async function eventVolume(
  deps: Deps,
  accountId: AccountId,
  selection: Pick<Selection, "history" | "metrics" | "excludedIntegrations">,
): Promise<ObjectVolume> {
  const windowMs = historyWindows[selection.history];
  const from = windowMs === null ? null : after(deps.clock.now(), -windowMs);
  const isFiltered = selection.metrics !== null || selection.excludedIntegrations.length > 0;
  let [rows, bytes, files, lists] = [0, 0, 0, 0];
  for (let afterSeq = 0; ; ) {
    const entries = await changeEntries(deps.table, accountId, "events", { afterSeq });
    if (entries.length === 0) break;
    for (const entry of entries) {
      afterSeq = entry.seq;
      if (from === null || lists >= listsMax) {
        rows += entry.rows;
        bytes += entry.bytes;
        files += entry.files;
        continue;
      }
      lists += 1;
      const wanted = (await changeFiles(deps.files, entry)).files.filter((file) => isWithin(file, from));
      rows += wanted.reduce((sum, file) => sum + file.rows, 0);
      bytes += wanted.reduce((sum, file) => sum + file.bytes, 0);
      files += wanted.length;
    }
  }
  return { object: "events", rows, bytes, files, isUpperBound: isFiltered || from !== null };
}

function isWithin({ eventAtMax }: ChangeFile, from: number): boolean {
  return eventAtMax === undefined || eventAtMax >= from;
}
