import * as z from "zod";
import { type CheckStepName, checkSteps, stepThatTests } from "../../model/check-step.ts";
import type { CheckOutcome, Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { syncsOf } from "../store/syncs.ts";
import { ConnectionRef } from "./requests.ts";

/** Without a step, the one that failed, or that shows whether the last error of a sync is mended. */
export const TestStepRequest = ConnectionRef.extend({ step: z.enum(checkSteps).optional() });

/** Tries one step of a connection's check, with the credentials in use, and tells how it ends. Changes no record. */
export async function testStep(
  deps: Deps,
  request: z.infer<typeof TestStepRequest>,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const { accountId, connectionId } = request;
  const connection = await getConnectionRecord(deps.table, accountId, connectionId);
  if (connection.state === "removed") throw new SyncError("STATE_CONFLICT", { message: "the connection was removed" });
  const step = request.step ?? (await failingStep(deps, connection));
  const input = { accountId, connectionId, step };
  return (await deps.writers.call(connection.kind, "try-step", input, signal)) as CheckOutcome;
}

async function failingStep(deps: Deps, connection: Connection): Promise<CheckStepName> {
  const failed = connection.checkSteps.find((step) => !step.ok);
  const shown = checkSteps.find((step) => step === failed?.step);
  if (shown !== undefined) return shown;
  const errors = (await syncsOf(deps.table, connection.accountId, connection.id))
    .flatMap((sync) => (sync.lastError === null ? [] : [sync.lastError]))
    .sort((a, b) => b.at - a.at);
  const [latest] = errors;
  if (latest === undefined)
    throw new SyncError("STATE_CONFLICT", {
      message: `nothing has failed; name a step to try: ${checkSteps.join(", ")}`,
    });
  return stepThatTests(latest.code);
}
