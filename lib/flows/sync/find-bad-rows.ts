import type { RowRange } from "../../engine/encode/encode-file.ts";
import { hasCode, type SyncError } from "../../model/errors.ts";
import { type Staging, stageRows } from "./stage-rows.ts";

/** Trials that one file may take; a file with more bad rows than these can find stays refused as a whole. */
const trialsMax = 2_000;

/** Trials are staged under numbers of their own, past those of any plan's files, and dropped with the plan. */
const trialNumbersFrom = 1_000_000;

/** Splits a file that the warehouse refused until the bad rows are alone, and answers their numbers. Throws the refusal when that takes too many trials. */
export async function findBadRows(staging: Staging, refusal: SyncError): Promise<readonly number[]> {
  const bad: number[] = [];
  const waiting: RowRange[] = halves({ from: 0, to: staging.file.source.rows });
  for (let trials = 0; waiting.length > 0; trials += 1) {
    if (trials >= trialsMax) throw refusal;
    const range = waiting.pop();
    if (range === undefined) break;
    if (await isTaken(staging, range, trialNumbersFrom + staging.file.number * trialsMax + trials)) continue;
    if (range.to - range.from <= 1) bad.push(range.from);
    else waiting.push(...halves(range));
  }
  return bad.sort((a, b) => a - b);
}

async function isTaken(staging: Staging, range: RowRange, number: number): Promise<boolean> {
  try {
    await stageRows(staging, { ...staging.encode, range }, number);
    return true;
  } catch (error) {
    if (!hasCode(error, "ROW_REJECTED")) throw error;
    return false;
  }
}

function halves({ from, to }: RowRange): RowRange[] {
  const middle = Math.ceil((from + to) / 2);
  return [
    { from, to: middle },
    { from: middle, to },
  ].filter((range) => range.to > range.from);
}
