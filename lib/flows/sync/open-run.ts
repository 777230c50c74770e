import * as z from "zod";
import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Plan, RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import type { TableWrite } from "../ports.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { accountItem } from "../store/keys.ts";
import { readList } from "../store/records.ts";
import { getRunRecord } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { RunRequest } from "./requests.ts";

/** An attempt of a run. */
export const AttemptRef = RunRequest.extend({ attempt: z.int().positive() });
export type AttemptRef = z.infer<typeof AttemptRef>;

/** What every state of the sync machine carries: by its kind the machine finds the writer. */
export const AttemptRequest = AttemptRef.extend({ kind: z.string() });
export type AttemptRequest = z.infer<typeof AttemptRequest>;

/** A run at work, with what it works for. */
export interface OpenRun {
  readonly run: RunRecord;
  readonly sync: SyncRecord;
  readonly connection: Connection;
}

/** Reads a run whose attempt may still work; throws `ATTEMPT_CLOSED` for one that was closed. */
export async function openRun(deps: Pick<Deps, "table">, request: AttemptRef): Promise<OpenRun> {
  const run = await getRunRecord(deps.table, request.accountId, request.runId);
  if (!isOpenAttempt(run, request.attempt))
    throw new SyncError("ATTEMPT_CLOSED", { message: `attempt ${request.attempt} of ${request.runId} was closed` });
  const sync = await getSyncRecord(deps.table, request.accountId, run.syncId);
  const connection = await getConnectionRecord(deps.table, request.accountId, sync.connectionId);
  return { run, sync, connection };
}

export function isOpenAttempt(run: RunRecord, attempt: number): boolean {
  return run.attempt === attempt && run.attemptOpen;
}

/** For a publish: fails it when the attempt was closed meanwhile. */
export function attemptIsOpen(run: RunRecord): TableWrite {
  return {
    check: accountItem(run.accountId, `run/by-id/${run.id}`),
    condition: {
      where: [
        { attribute: "attempt", is: "=", value: run.attempt },
        { attribute: "attemptOpen", is: "=", value: true },
      ],
    },
  };
}

/** The frozen plan of a run. */
export async function planOf(deps: Pick<Deps, "files">, run: RunRecord): Promise<Plan> {
  const plan = run.planKey === null ? undefined : await readList<Plan>(deps.files, run.planKey);
  if (plan === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `the plan of ${run.id} is gone` });
  return plan;
}

/** Name of the execution that works on a run's present attempt. */
export function executionName(run: Pick<RunRecord, "id" | "attempt">): string {
  return `${run.id}-${run.attempt}`;
}
