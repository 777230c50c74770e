import { type ChangeFile, comparePositions, type Position } from "./log.ts";
import type { PlannedFile } from "./sync.ts";

/** A file as it stands in the log, wanted or not. */
export interface ListedFile {
  readonly position: Position;
  readonly source: ChangeFile;
}

/**
 * Numbers the wanted files of a stretch of log and gives each the range that it stands for: what was left out before
 * it, and for the last one what was left out after it. So the receipts of a plan tile the log.
 */
export function planFiles(
  listed: readonly ListedFile[],
  isWanted: (file: ChangeFile) => boolean,
): readonly PlannedFile[] {
  const planned: PlannedFile[] = [];
  let first: Position | undefined;
  for (const { position, source } of listed) {
    first ??= position;
    if (!isWanted(source)) continue;
    planned.push({ number: planned.length + 1, position, first, last: position, source });
    first = undefined;
  }
  const [tail, end] = [planned.at(-1), listed.at(-1)];
  return tail === undefined || end === undefined ? planned : [...planned.slice(0, -1), { ...tail, last: end.position }];
}

/** The files of a plan that no receipt or skip has passed yet. */
export function filesAfter(files: readonly PlannedFile[], watermark: Position): readonly PlannedFile[] {
  return files.filter((file) => comparePositions(file.last, watermark) > 0);
}
