import type { DataObject, IntakeEntry, IntakeFile, IntakeList } from "../../model/log.ts";
import { after, minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import {
  editImport,
  findImport,
  openImports,
  publishedHead,
  putPublished,
  replaceImport,
  type StoredImport,
} from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";
import { appendIntake, intakeHead } from "../store/log.ts";
import { writeList } from "../store/records.ts";
import { endImport } from "./end-import.ts";
import { attemptName, readPlan, type SliceFile } from "./import-files.ts";
import { needlessState } from "./needless.ts";
import { notingFailure } from "./note-failure.ts";
import { isOpenAttempt, openAttempt } from "./open-attempt.ts";
import { type ImportAnswer, ImportAttempt } from "./requests.ts";
import { type ImportOutcome, importOutcome } from "./slice-outcomes.ts";

export const PublishImportRequest = ImportAttempt;

/** How long a profile import waits for those that were claimed before it. */
export const publishWaitMs = 15 * minuteMs;

/**
 * Makes the accepted rows an entry of the intake log, together with the import's record: all or nothing. Profile imports
 * go in the order of their tickets, unless an earlier one keeps them waiting for too long.
 */
export async function publishImport(deps: Deps, request: ImportAttempt, signal: AbortSignal): Promise<ImportAnswer> {
  return notingFailure(deps, request, "publish", signal, async () => {
    const answer = (next: ImportAnswer["next"]): ImportAnswer => ({ ...request, next, itemsKey: "" });
    const record = await openAttempt(deps, request);
    const outcome = await importOutcome(deps, request, signal);
    if (record.intakeSeq !== null || outcome.accepted === 0) return answer("close");
    if (await hasToWait(deps, record)) return answer("wait");
    const listKey = fileKeys.intake(record.accountId, attemptName(request), "list.json");
    const list = intakeListOf(outcome);
    await writeList(deps.files, listKey, list);
    const { mappingVersion } = await readPlan(deps, request);
    const needless = await whileContended(() =>
      publish(deps, request, { list, listKey, outcome, mappingVersion }, signal),
    );
    if (needless === undefined) return answer("close");
    await endImport(deps, request, { state: needless });
    return answer("end");
  });
}

async function hasToWait(deps: Deps, record: StoredImport): Promise<boolean> {
  if (record.object !== "profiles") return false;
  if (!(await isAnyUnpublishedBefore(deps, record))) return false;
  if (record.waitUntil !== null) return deps.clock.now() < record.waitUntil;
  await editImport(deps.table, record.accountId, record.id, (fresh) =>
    isOpenAttempt(fresh, record.attempt) && fresh.waitUntil === null
      ? { waitUntil: after(deps.clock.now(), publishWaitMs) }
      : undefined,
  );
  return true;
}

/** An import that has published stays open while its file is put away; nobody has to wait for that. */
async function isAnyUnpublishedBefore(deps: Deps, record: StoredImport): Promise<boolean> {
  const open = await openImports(deps.table, record.accountId);
  for (const { object, ticket, importId } of open) {
    if (object !== "profiles" || ticket >= record.ticket) continue;
    const earlier = await findImport(deps.table, record.accountId, importId);
    if (earlier !== undefined && earlier !== "withdrawn" && earlier.intakeSeq === null && earlier.endedAt === null)
      return true;
  }
  return false;
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
