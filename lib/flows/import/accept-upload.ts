import type { Deps } from "../deps.ts";
import { ConditionFailed, type FileInfo } from "../ports.ts";
import { accountById } from "../store/accounts.ts";
import { claimImport, editImport, findImport, importIdOf, type StoredImport } from "../store/imports.ts";
import { putAway } from "./put-away.ts";
import type { UploadRequest } from "./requests.ts";
import { startAttempt } from "./start-attempt.ts";
import { type UploadPlace, uploadPlace } from "./upload-place.ts";

/**
 * Called when an upload has ended, and by the sweep for uploads whose event was lost: claims it under the account's next
 * ticket and starts its import. The same upload again starts nothing new. Undefined for what is no upload of ours: in
 * another folder, under a temporary name, withdrawn, broken off, of a removed account, or gone.
 */
export async function acceptUpload(
  deps: Deps,
  request: UploadRequest,
  _signal: AbortSignal,
): Promise<StoredImport | undefined> {
  const place = uploadPlace(request);
  if (place === undefined) return undefined;
  const record = await claimed(deps, request, place);
  if (record === undefined) return undefined;
  if (record.endedAt !== null) await putAway(deps, record);
  else if (record.attemptOpen) await startAttempt(deps, record);
  return record;
}

async function claimed(deps: Deps, request: UploadRequest, place: UploadPlace): Promise<StoredImport | undefined> {
  const { accountId, key, version } = request;
  const id = importIdOf(key, version);
  for (;;) {
    const found = await findImport(deps.table, accountId, id);
    if (found === "withdrawn") return undefined;
    if (found !== undefined) return confirmed(deps, request, found);
    const info = await deps.files.stat(key, version);
    if (info === undefined || (await isBrokenOff(deps, request))) return undefined;
    try {
      return await claimImport(deps.table, draftOf(deps, request, place, info));
    } catch (error) {
      // Somebody claimed this upload or took the ticket: look again.
      if (!(error instanceof ConditionFailed)) throw error;
      if ((await accountById(deps.table, accountId)) === undefined) return undefined;
    }
  }
}

/** Notes that an upload is whole which began on the mere presence of its object. */
async function confirmed(deps: Deps, request: UploadRequest, found: StoredImport): Promise<StoredImport> {
  if (found.completenessConfirmed || request.isConfirmed === false) return found;
  const edited = await editImport(deps.table, found.accountId, found.id, ({ completenessConfirmed }) =>
    completenessConfirmed ? undefined : { completenessConfirmed: true },
  );
  return edited ?? found;
}

/** Whoever says that an upload is whole has seen its end. */
async function isBrokenOff(deps: Deps, { accountId, key, version, isConfirmed }: UploadRequest): Promise<boolean> {
  if (isConfirmed !== false || !(await deps.isPartialUpload(key, version))) return false;
  deps.log("upload-left-alone", { accountId, key, version, reason: "its client broke off" });
  return true;
}

function draftOf(deps: Deps, request: UploadRequest, place: UploadPlace, info: FileInfo): Omit<StoredImport, "ticket"> {
  const { accountId, userId, key, version } = request;
  return {
    id: importIdOf(key, version),
    accountId,
    userId,
    ...place,
    inboxKey: key,
    version,
    bytes: info.bytes,
    state: "processing",
    attempt: 1,
    attemptOpen: true,
    failures: 0,
    deaths: 0,
    waitUntil: null,
    mappingVersion: null,
    publishedAttempt: null,
    appliedOutOfOrder: false,
    completenessConfirmed: request.isConfirmed !== false,
    uploadedAt: info.modifiedAt,
    startedAt: deps.clock.now(),
    endedAt: null,
    rowsRead: 0,
    rowsTotal: 0,
    totalIsEstimate: true,
    rowsAccepted: 0,
    rowsRejected: 0,
    rowsNew: null,
    rowsChanged: null,
    rowsPresent: null,
    intakeSeq: null,
    errorCode: null,
    errorMessage: null,
    revision: 1,
  };
}
