import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ParsedSlice, parseSlice } from "../../engine/csv/parse-slice.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import type { StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";
import { putProgress } from "../store/progress.ts";
import { readList, writeList } from "../store/records.ts";
import {
  attemptName,
  numbered,
  outcomeKey,
  readPlan,
  type SliceFile,
  type SliceOutcome,
  workKey,
} from "./import-files.ts";
import { notingFailure } from "./note-failure.ts";
import { openAttempt } from "./open-attempt.ts";
import { ImportSlice } from "./requests.ts";

export const ParseRangeRequest = ImportSlice;

/** Parses one slice of the file into intake files, and its bad rows into parts of the report. A repeat finds it done. */
export async function parseRange(deps: Deps, request: ImportSlice, signal: AbortSignal): Promise<void> {
  return notingFailure(deps, request, "parse", signal, async () => {
    const record = await openAttempt(deps, request);
    const key = outcomeKey(request, request.number);
    const done = await readList<SliceOutcome>(deps.files, key);
    const outcome = done ?? (await parse(deps, request, record, signal));
    if (done === undefined) await writeList(deps.files, key, outcome);
    await putProgress(deps, record.accountId, attemptName(request), numbered(request.number), {
      bytes: request.end - request.start,
      rows: outcome.records,
    });
  });
}

async function parse(
  deps: Deps,
  request: ImportSlice,
  { inboxKey, version, uploadedAt }: StoredImport,
  signal: AbortSignal,
): Promise<SliceOutcome> {
  const { start, end, linesBefore } = request;
  const plan = await readPlan(deps, request);
  const columns = plan.columns.headers.length;
  const folder = join(deps.scratchFolder, Buffer.from(deps.randomness.bytes(12)).toString("hex"));
  await mkdir(folder, { recursive: true });
  try {
    await using upload = await deps.files.download(inboxKey, { version, range: { start, end }, signal });
    const { path, offset } = upload;
    const source = { path, offset, start, end, linesBefore, delimiter: plan.delimiter, columns };
    const slice = await parseSlice(deps.engine, { source, plan: plan.columns, uploadedAt, folder }, signal);
    return await keepFiles(deps, request, slice);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keepFiles(deps: Deps, request: ImportSlice, slice: ParsedSlice): Promise<SliceOutcome> {
  const number = numbered(request.number);
  const intakeKey = (name: string) => fileKeys.intake(request.accountId as AccountId, attemptName(request), name);
  const { records, accepted, rejected } = slice;
  return {
    number: request.number,
    records,
    accepted,
    rejected,
    profiles: await keepFile(deps, intakeKey(`profiles-${number}.parquet`), slice.profilePath),
    events: await keepFile(deps, intakeKey(`events-${number}.parquet`), slice.eventPath),
    reportKey: (await keepFile(deps, workKey(request, `report-${number}.csv`), slice.reportPath))?.key ?? null,
    rejectedKey: (await keepFile(deps, workKey(request, `rejected-${number}.csv`), slice.rejectedPath))?.key ?? null,
  };
}

async function keepFile(deps: Deps, key: string, path: string | null): Promise<SliceFile | null> {
  if (path === null) return null;
  await deps.files.putIfAbsent(key, { path });
  // What is there counts: an earlier try may have written it.
  return { key, bytes: (await deps.files.stat(key))?.bytes ?? 0 };
}
