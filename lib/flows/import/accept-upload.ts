import type * as z from "zod";
import type { AccountId } from "../../model/ids.ts";
import { type DataObject, dataObjects } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { ConditionFailed, type FileInfo } from "../ports.ts";
import { claimImport, findImport, importIdOf, type StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";
import { putAway } from "./put-away.ts";
import { UploadRequest } from "./requests.ts";
import { startAttempt } from "./start-attempt.ts";

export const AcceptUploadRequest = UploadRequest;

/**
 * Called when an upload has ended, and by the sweep for uploads whose event was lost: claims it under the account's next
 * ticket and starts its import. The same upload again starts nothing new. Undefined for what is no upload of ours: in
 * another folder, withdrawn, or gone.
 */
export async function acceptUpload(
  deps: Deps,
  request: z.infer<typeof AcceptUploadRequest>,
  _signal: AbortSignal,
): Promise<StoredImport | undefined> {
  const place = placeOf(request);
  if (place === undefined) return undefined;
  const record = await claimed(deps, request, place);
  if (record === undefined) return undefined;
  if (record.endedAt !== null) await putAway(deps, record);
  else if (record.attemptOpen) await startAttempt(deps, record);
  return record;
}

interface Place {
  readonly object: DataObject;
  readonly name: string;
}

/** `inbox/<account>/<user>/<folder>/<name>`, of that account and user. */
function placeOf({ accountId, userId, key }: UploadRequest): Place | undefined {
  const root = fileKeys.inbox(accountId, userId, "");
  if (!key.startsWith(root)) return undefined;
  const path = key.slice(root.length);
  const object = dataObjects.find((folder) => path.startsWith(`${folder}/`));
  return object === undefined ? undefined : { object, name: path.slice(object.length + 1) };
}

async function claimed(deps: Deps, request: UploadRequest, place: Place): Promise<StoredImport | undefined> {
  const { accountId, key, version } = request;
  const id = importIdOf(key, version);
  for (;;) {
    const found = await findImport(deps.table, accountId as AccountId, id);
    if (found !== undefined) return found === "withdrawn" ? undefined : found;
    const info = await deps.files.stat(key, version);
    if (info === undefined) return undefined;
    try {
      return await claimImport(deps.table, draftOf(deps, request, place, info));
    } catch (error) {
      // Somebody claimed this upload or took the ticket: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

function draftOf(deps: Deps, request: UploadRequest, place: Place, info: FileInfo): Omit<StoredImport, "ticket"> {
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
