import type { Receipt } from "../../lib/destinations/destination.ts";
import { comparePositions, type Position } from "../../lib/model/log.ts";
import type { SkipRecord } from "../../lib/model/sync.ts";

/** Gaps and overlaps among the receipts and skips of one sync, as sentences; the files of an entry are known by their number. */
export function tilingFaults(
  after: Position,
  pieces: readonly (Pick<Receipt, "first" | "last"> | SkipRecord)[],
  filesOf: (seq: number) => number,
): string[] {
  const faults: string[] = [];
  let [seq, file] = [after.seq, after.file];
  for (const piece of [...pieces].sort((a, b) => comparePositions(a.last, b.last))) {
    const next = nextPosition({ seq, file }, filesOf);
    if (comparePositions(piece.first, next) !== 0)
      faults.push(`after ${seq}/${file} comes ${piece.first.seq}/${piece.first.file}`);
    ({ seq, file } = piece.last);
  }
  return faults;
}

function nextPosition({ seq, file }: Position, filesOf: (seq: number) => number): Position {
  if (seq > 0 && file < filesOf(seq)) return { seq, file: file + 1 };
  return { seq: seq + 1, file: 1 };
}
