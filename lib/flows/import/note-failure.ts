import type { ErrorCode } from "../../model/error-codes.ts";
import { after, dayMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { endOfStep } from "../stopped.ts";
import { accountItem } from "../store/keys.ts";
import { itemOf, recordOf } from "../store/records.ts";
import type { ImportAttempt } from "./requests.ts";

/** A failure as a step noted it. */
export interface NotedFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Runs a step of an attempt and notes its failure in full before throwing on: a `Catch` passes on only name and text, a fan-out not even those. */
export async function notingFailure<T>(
  deps: Deps,
  request: ImportAttempt,
  step: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = endOfStep(thrown, signal);
    const { accountId, importId, attempt } = request;
    const message = error.externalMessage ?? error.message;
    deps.log("import-step-failed", { accountId, importId, attempt, step, code: error.code, message });
    if (error.errorClass !== "lost") {
      const item = itemOf(failureItem(request), { code: error.code, message } satisfies NotedFailure);
      await deps.table.put({ ...item, expiresAt: after(deps.clock.now(), dayMs) });
    }
    throw error;
  }
}

/** The failure that a step of this attempt noted last. */
export async function notedFailure(
  deps: Pick<Deps, "table">,
  request: ImportAttempt,
): Promise<NotedFailure | undefined> {
  const item = await deps.table.get(failureItem(request));
  return item === undefined ? undefined : recordOf<NotedFailure>(item);
}

function failureItem({ accountId, importId, attempt }: ImportAttempt) {
  return accountItem(accountId, `import/failure/${importId}/${attempt}`);
}
