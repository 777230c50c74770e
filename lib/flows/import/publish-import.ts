import type { AccountId } from "../../model/ids.ts";
import { after, minuteMs } from "../../model/time.ts";
import { startWhenFull } from "../consolidate/start-when-full.ts";
import type { Deps } from "../deps.ts";
import { editImport, findImport, openImports, type StoredImport } from "../store/imports.ts";
import { endImport } from "./end-import.ts";
import { notingFailure } from "./note-failure.ts";
import { isOpenAttempt, openAttempt } from "./open-attempt.ts";
import { publishOutcome } from "./publish-outcome.ts";
import { type ImportAnswer, ImportAttempt } from "./requests.ts";
import { importOutcome } from "./slice-outcomes.ts";

export const PublishImportRequest = ImportAttempt;

/** How long a profile import waits for those that were claimed before it. */
export const publishWaitMs = 15 * minuteMs;

/** Imports that one step publishes for others that wait. */
const handedOverMax = 200;

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
    const needless = await publishOutcome(deps, request, outcome, signal);
    if (needless !== undefined) {
      await endImport(deps, request, { state: needless });
      return answer("end");
    }
    if (record.object === "profiles") await publishWaiting(deps, request, signal);
    await startWhenFull(deps, record.accountId, signal);
    return answer("close");
  });
}

async function hasToWait(deps: Deps, record: StoredImport): Promise<boolean> {
  if (record.object !== "profiles") return false;
  const first = await firstUnpublished(deps, record.accountId);
  if (first === undefined || first.ticket >= record.ticket) return false;
  if (record.waitUntil !== null) return deps.clock.now() < record.waitUntil;
  await editImport(deps.table, record.accountId, record.id, (fresh) =>
    isOpenAttempt(fresh, record.attempt) && fresh.waitUntil === null
      ? { waitUntil: after(deps.clock.now(), publishWaitMs) }
      : undefined,
  );
  return true;
}

/** An import that has published stays open while its file is put away; nobody has to wait for that. */
async function firstUnpublished(deps: Deps, accountId: AccountId): Promise<StoredImport | undefined> {
  for (const { object, importId } of await openImports(deps.table, accountId)) {
    if (object !== "profiles") continue;
    const found = await findImport(deps.table, accountId, importId);
    if (found !== undefined && found !== "withdrawn" && found.intakeSeq === null && found.endedAt === null)
      return found;
  }
  return undefined;
}

/**
 * Publishes those that wait only for us, in turn, so that a hundred files at once do not wait for each other's next look.
 * Whatever is in the way here is left to the import itself.
 */
async function publishWaiting(deps: Deps, request: ImportAttempt, signal: AbortSignal): Promise<void> {
  for (let count = 0; count < handedOverMax && !signal.aborted; count += 1) {
    const next = await firstUnpublished(deps, request.accountId);
    if (next?.waitUntil == null || !next.attemptOpen) return;
    const attempt = { ...request, importId: next.id, attempt: next.attempt };
    try {
      if ((await publishOutcome(deps, attempt, await importOutcome(deps, attempt, signal), signal)) !== undefined)
        return;
    } catch (error) {
      deps.log("hand-over-failed", { accountId: request.accountId, importId: next.id, message: String(error) });
      return;
    }
  }
}
