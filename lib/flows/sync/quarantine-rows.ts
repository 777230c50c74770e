import { stat } from "node:fs/promises";
import { type EncodeRequest, setAside } from "../../engine/encode/encode-file.ts";
import { errorCodes } from "../../model/error-codes.ts";
import type { SyncError } from "../../model/errors.ts";
import type { RefusalReason } from "../../model/sync.ts";
import { errorWrites } from "../store/errors.ts";
import { fileKeys } from "../store/keys.ts";
import { quarantineWrite } from "../store/quarantine.ts";
import { attemptIsOpen } from "./open-run.ts";
import { scratchFile } from "./scratch.ts";
import type { Staging } from "./stage-rows.ts";

/** When the warehouse refused the rows: at staging, or at the commit in one of several rounds (from 1). */
export type RefusedAt = { readonly step: "stage" | "commit"; readonly round: number };

/** An error as the reason of a quarantine. */
export function reasonOf(error: SyncError): RefusalReason {
  const { code, message, externalMessage = null, vendorCode = null, vendorRef = null } = error;
  return { code, message, externalMessage, vendorCode, vendorRef };
}

/** Keeps the rows that a warehouse cannot hold, with the reason, and answers how many. Twice is the same as once. */
export async function quarantineRows(
  staging: Staging,
  encode: EncodeRequest,
  reason: RefusalReason,
  refusedAt: RefusedAt,
): Promise<number> {
  const { deps, scope, plan, file } = staging;
  const { run, sync, connection } = scope;
  await using scratch = await scratchFile(deps, "parquet");
  const rows = await setAside(staging.session, encode, scratch.path);
  const suffix = refusedAt.round === 0 ? "" : `-${refusedAt.step}${refusedAt.round}`;
  const fileKey = fileKeys.quarantine(run.accountId, run.id, `${file.number}${suffix}.parquet`);
  await deps.files.putIfAbsent(fileKey, { path: scratch.path });
  const { size: bytes } = await stat(scratch.path);
  const { eventAtMin, eventAtMax } = file.source;
  const id = `${run.id}-${file.number}${suffix}`;
  // The plan's own instant keeps a repeat under the same key.
  const at = plan.syncedAt;
  const owner = { connectionId: connection.id, syncId: sync.id, runId: run.id };
  const record = {
    ...owner,
    ...{ id: `${at}-${id}`, object: encode.object, fileKey, rows, bytes },
    ...(eventAtMin === undefined || eventAtMax === undefined ? {} : { eventAtMin, eventAtMax }),
    ...{ code: reason.code, reason: reason.externalMessage ?? reason.message, at },
  };
  const { class: errorClass, fix } = errorCodes[reason.code];
  const error = {
    ...owner,
    ...{ id, accountId: run.accountId, attempt: run.attempt, step: refusedAt.step },
    ...{ code: reason.code, class: errorClass, fix, at },
    summary: `${rows} rows were set aside: ${reason.message}`,
    ...{ externalMessage: reason.externalMessage, vendorCode: reason.vendorCode, vendorRef: reason.vendorRef },
  };
  await deps.table.transact([quarantineWrite(run.accountId, record), ...errorWrites(error), attemptIsOpen(run)]);
  return rows;
}
