import * as z from "zod";
import type { CheckOutcome } from "../../model/connection.ts";
import { errorCodes } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { idSchema } from "../../model/id-schema.ts";
import type { ConnectionId } from "../../model/ids.ts";
import { errorOfCatch } from "../../model/wire-error.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { errorWrites } from "../store/errors.ts";
import { retireSecrets } from "./retire-secrets.ts";

const CheckAtWork = z.object({
  accountId: accountIdSchema,
  connectionId: idSchema<ConnectionId>("connection"),
  check: z.int().positive(),
});
type CheckAtWork = z.infer<typeof CheckAtWork>;

export const EndCheckRequest = z.looseObject({
  ...CheckAtWork.shape,
  /** As the machine's `Catch` hands it over. */
  error: z.looseObject({ Error: z.string(), Cause: z.string().optional() }).optional(),
});

/** Ends a check that broke off, by its machine's `Catch`, without a verdict of its own. */
export async function failCheck(
  deps: Deps,
  request: z.infer<typeof EndCheckRequest>,
  _signal: AbortSignal,
): Promise<void> {
  const error = errorOfCatch(request.error);
  const words = request.error === undefined ? undefined : `${request.error.Error}: ${request.error.Cause ?? ""}`;
  await endCheckWith(deps, request, [error instanceof SyncError ? failedWith(error) : brokenOff(words)]);
}

/** Ends the check of an execution that died; twice is the same as once. */
export async function endCheck(deps: Deps, input: unknown, name: string): Promise<void> {
  await endCheckWith(deps, CheckAtWork.parse(input), [brokenOff(`the execution ${name} ended early`)]);
}

/** Ends a check that did not pass: what it tried is dropped, and a connection that was never enabled is `unable to connect`. */
export async function endCheckWith(
  deps: Deps,
  request: CheckAtWork,
  checkSteps: readonly CheckOutcome[],
): Promise<void> {
  await whileContended(async () => {
    const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
    const { check } = connection;
    if (check?.number !== request.check) return;
    const retired = check.candidate === null ? [] : [check.candidate.secretRef];
    const next = {
      ...connection,
      state: connection.state === "checking" ? ("unable to connect" as const) : connection.state,
      checkSteps,
      check: null,
      retiredSecretRefs: [...connection.retiredSecretRefs, ...retired],
    };
    const failed = checkSteps.find((step) => !step.ok);
    await deps.table.transact([
      ...connectionWrites(connection, next),
      ...(failed === undefined ? [] : errorWrites(errorRecord(deps, request, failed))),
    ]);
  });
  await retireSecrets(deps, request);
}

function failedWith({ code, message, externalMessage, fix }: SyncError): CheckOutcome {
  return { step: "reach", ok: false, detail: externalMessage ?? message, errorCode: code, fix };
}

function brokenOff(words: string | undefined): CheckOutcome {
  const { text, fix } = errorCodes.WORKFLOW_DIED;
  return { step: "reach", ok: false, detail: words ?? text, errorCode: "WORKFLOW_DIED", fix };
}

function errorRecord(deps: Deps, request: CheckAtWork, failed: CheckOutcome) {
  const code = failed.errorCode ?? "UNKNOWN";
  return {
    id: `${request.connectionId}-${request.check}`,
    accountId: request.accountId,
    connectionId: request.connectionId,
    syncId: null,
    runId: null,
    attempt: null,
    step: `check: ${failed.step}`,
    code,
    class: new SyncError(code).errorClass,
    summary: errorCodes[code].text,
    externalMessage: failed.vendor?.message ?? failed.detail,
    vendorCode: failed.vendor?.code ?? null,
    vendorRef: failed.vendor?.ref ?? null,
    fix: failed.fix ?? errorCodes[code].fix,
    at: deps.clock.now(),
  };
}
