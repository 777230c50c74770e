import { hasCode, type SyncError } from "../../model/errors.ts";
import type { RowRange } from "../../model/sync.ts";
import { type Staging, stageRows } from "./stage-rows.ts";
import { numberOf, trialsMax } from "./staging-numbers.ts";

/** Splits a file that the warehouse refused at staging until the bad rows are alone, and answers their numbers. Throws the refusal when that takes too many trials. */
export async function findBadRows(staging: Staging, refusal: SyncError): Promise<readonly number[]> {
  const bad: number[] = [];
  const waiting: RowRange[] = halves({ from: 0, to: staging.file.source.rows });
  for (let trials = 0; waiting.length > 0; trials += 1) {
    if (trials >= trialsMax) throw refusal;
    const range = waiting.pop();
    if (range === undefined) break;
    if (await isTaken(staging, range, numberOf(staging.file.number, { stageTrial: trials }))) continue;
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

/** The two halves of a stretch; one where it is a single row. */
export function halves({ from, to }: RowRange): RowRange[] {
  const middle = Math.ceil((from + to) / 2);
  return [
    { from, to: middle },
    { from: middle, to },
  ].filter((range) => range.to > range.from);
}
