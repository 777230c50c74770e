import type { ColumnPlan } from "../../model/column-plan.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { fileKeys } from "../store/keys.ts";
import { readList, writeList } from "../store/records.ts";
import type { ImportAttempt } from "./requests.ts";

/** How an attempt reads its file, decided once. */
export interface ReadingPlan {
  readonly delimiter: number;
  readonly columns: ColumnPlan;
  readonly mappingVersion: number;
  readonly bytes: number;
  /** Line breaks before the first row. */
  readonly linesBefore: number;
  /** Ranges of bytes, cut anywhere. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** What one worker made of one slice. */
export interface SliceOutcome {
  readonly number: number;
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly profiles: SliceFile | null;
  readonly events: SliceFile | null;
  readonly reportKey: string | null;
  readonly rejectedKey: string | null;
}

export interface SliceFile {
  readonly key: string;
  readonly bytes: number;
}

/** The attempt's name in keys and executions. */
export function attemptName({ importId, attempt }: Pick<ImportAttempt, "importId" | "attempt">): string {
  return `${importId}-${attempt}`;
}

/** Key of an intermediate file of an attempt. */
export function workKey(request: ImportAttempt, path: string): string {
  return fileKeys.work(request.accountId as AccountId, attemptName(request), path);
}

/** `00001`: sorts as the number does. */
export function numbered(number: number): string {
  return String(number).padStart(5, "0");
}

export async function readPlan(deps: Pick<Deps, "files">, request: ImportAttempt): Promise<ReadingPlan> {
  return requireList<ReadingPlan>(deps, workKey(request, "plan.json"));
}

/** Keeps the first plan of the attempt; a repeated step must cut and read as the first did. */
export async function keepPlan(
  deps: Pick<Deps, "files">,
  request: ImportAttempt,
  plan: ReadingPlan,
): Promise<ReadingPlan> {
  await writeList(deps.files, workKey(request, "plan.json"), plan);
  return readPlan(deps, request);
}

/** Reads what an earlier step of the attempt wrote. */
export async function requireList<T>(deps: Pick<Deps, "files">, key: string): Promise<T> {
  const list = await readList<T>(deps.files, key);
  if (list === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `${key} is gone` });
  return list;
}

export function outcomeKey(request: ImportAttempt, number: number): string {
  return workKey(request, `outcome-${numbered(number)}.json`);
}
