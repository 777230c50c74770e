import type { DataObject, IntakeEntry, IntakeFile, IntakeList } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { publishedHead, putPublished, replaceImport, type StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";
import { appendIntake, intakeHead } from "../store/log.ts";
import { writeList } from "../store/records.ts";
import { attemptName, readPlan, type SliceFile } from "./import-files.ts";
import { needlessState } from "./needless.ts";
import { openAttempt } from "./open-attempt.ts";
import type { ImportAttempt } from "./requests.ts";
import type { ImportOutcome } from "./slice-outcomes.ts";

/** Appends the accepted rows to the intake log; answers why not when the import turned out needless. Twice is the same as once. */
export async function publishOutcome(
  deps: Deps,
  request: ImportAttempt,
  outcome: ImportOutcome,
  signal: AbortSignal,
): Promise<"superseded" | "duplicate" | undefined> {
  const listKey = fileKeys.intake(request.accountId, attemptName(request), "list.json");
  const list = intakeListOf(outcome);
  await writeList(deps.files, listKey, list);
  const { mappingVersion } = await readPlan(deps, request);
  return whileContended(() => publish(deps, request, { list, listKey, outcome, mappingVersion }, signal));
}

interface Publication {
  readonly list: IntakeList;
  readonly listKey: string;
  readonly outcome: ImportOutcome;
  readonly mappingVersion: number;
}

/** Reads the heads and publishes on top of them; answers why not when the import turned out needless meanwhile. */
async function publish(
  deps: Deps,
  request: ImportAttempt,
  publication: Publication,
  signal: AbortSignal,
): Promise<"superseded" | "duplicate" | undefined> {
  const record = await openAttempt(deps, request);
  if (record.intakeSeq !== null) return undefined;
  const { list, outcome, mappingVersion } = publication;
  const { accountId, id: importId, version, uploadedAt, bytes } = record;
  const objects = (["profiles", "events"] as const).filter((object: DataObject) => list[object].length > 0);
  const heads = await Promise.all(
    objects.map(async (object) => ({ object, before: await publishedHead(deps.table, accountId, object) })),
  );
  const needless = await needlessState(deps, record, mappingVersion, signal);
  if (needless !== undefined) return needless;
  const seq = (await intakeHead(deps.table, accountId)) + 1;
  const overtaken = heads.some(({ object, before }) => object === "profiles" && (before?.ticket ?? 0) > record.ticket);
  await deps.table.transact([
    ...appendIntake(accountId, entryOf(deps, record, publication, seq)),
    ...replaceImport(record, {
      ...countsOf(outcome),
      intakeSeq: seq,
      mappingVersion,
      publishedAttempt: record.attempt,
      appliedOutOfOrder: record.object === "profiles" && overtaken,
    }),
    ...putPublished(record, { importId, version, uploadedAt, bytes, mappingVersion, objects }, heads),
  ]);
  return undefined;
}

/** The counts of the record: total = accepted + rejected. */
export function countsOf({ records, accepted, rejected }: ImportOutcome) {
  return {
    rowsRead: records,
    rowsTotal: records,
    totalIsEstimate: false,
    rowsAccepted: accepted,
    rowsRejected: rejected,
  };
}

function entryOf(deps: Deps, record: StoredImport, { list, listKey }: Publication, seq: number): IntakeEntry {
  const rows = (files: readonly IntakeFile[]) => files.reduce((sum, file) => sum + file.rows, 0);
  return {
    seq,
    importId: record.id,
    listKey,
    profileRows: rows(list.profiles),
    eventRows: rows(list.events),
    bytes: [...list.profiles, ...list.events].reduce((sum, file) => sum + file.bytes, 0),
    acceptedAt: deps.clock.now(),
    acceptedAtMin: record.uploadedAt,
  };
}

function intakeListOf({ slices }: ImportOutcome): IntakeList {
  const filesOf = (object: DataObject): readonly IntakeFile[] => {
    let firstRow = 0;
    return slices.flatMap((slice) => {
      const file: SliceFile | null = slice[object];
      if (file === null) return [];
      const intake: IntakeFile = { ...file, firstRow, rows: slice.accepted };
      firstRow += slice.accepted;
      return [intake];
    });
  };
  return { profiles: filesOf("profiles"), events: filesOf("events") };
}
