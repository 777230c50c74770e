import { type EncodeRequest, setAside } from "../../engine/encode/encode-file.ts";
import type { SyncError } from "../../model/errors.ts";
import { errorWrites, quarantineWrite } from "../store/errors.ts";
import { fileKeys } from "../store/keys.ts";
import { attemptIsOpen } from "./open-run.ts";
import { scratchFile } from "./scratch.ts";
import type { Staging } from "./stage-rows.ts";

/** Keeps the rows that a warehouse cannot hold, with the reason, and answers how many. Twice is the same as once. */
export async function quarantineRows(staging: Staging, encode: EncodeRequest, reason: SyncError): Promise<number> {
  const { deps, scope, plan, file } = staging;
  const { run, sync, connection } = scope;
  await using scratch = await scratchFile(deps, "parquet");
  const rows = await setAside(staging.session, encode, scratch.path);
  const fileKey = fileKeys.quarantine(run.accountId, run.id, `${file.number}.parquet`);
  await deps.files.putIfAbsent(fileKey, { path: scratch.path });
  const id = `${run.id}-${file.number}`;
  // The plan's own instant keeps a repeat under the same key.
  const owner = { accountId: run.accountId, connectionId: connection.id, syncId: sync.id, runId: run.id };
  const at = plan.syncedAt;
  await deps.table.transact([
    quarantineWrite(run.accountId, id, {
      connectionId: connection.id,
      syncId: sync.id,
      runId: run.id,
      object: sync.object,
      fileKey,
      rows,
      code: reason.code,
      reason: reason.externalMessage ?? reason.message,
      at,
    }),
    ...errorWrites({
      ...owner,
      id,
      attempt: run.attempt,
      step: "stage",
      code: reason.code,
      class: reason.errorClass,
      summary: `${rows} rows were set aside: ${reason.message}`,
      externalMessage: reason.externalMessage ?? null,
      vendorCode: reason.vendorCode ?? null,
      vendorRef: reason.vendorRef ?? null,
      fix: reason.fix,
      at,
    }),
    attemptIsOpen(run),
  ]);
  return rows;
}
