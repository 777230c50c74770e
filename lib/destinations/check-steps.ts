import type { CheckStepName } from "../model/check-step.ts";
import { asSyncError } from "../model/errors.ts";
import type { CheckStep } from "./destination.ts";

/** One named step of a check: does its work and says in a few words what it found. Throws what went wrong. */
export interface CheckTask {
  readonly step: CheckStepName;
  readonly run: () => Promise<string>;
}

/** Where a step fails, what exactly to change: a statement filled in with the user's names rather than the code's own text. */
export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
  readonly fix: string;

  constructor(fix: string, cause: unknown) {
    super("a check failed", { cause });
    this.fix = fix;
  }
}

/** Runs the steps in order, yields each as it ends, and stops after the first that failed. */
export async function* runCheck(tasks: Iterable<CheckTask> | AsyncIterable<CheckTask>): AsyncGenerator<CheckStep> {
  for await (const task of tasks) {
    const outcome = await outcomeOf(task);
    yield outcome;
    if (!outcome.ok) return;
  }
}

async function outcomeOf(task: CheckTask): Promise<CheckStep> {
  try {
    return { step: task.step, ok: true, detail: await task.run(), errorCode: null, fix: null };
  } catch (thrown) {
    const error = asSyncError(thrown instanceof CheckFailure ? thrown.cause : thrown);
    const detail = error.externalMessage === undefined ? error.message : `${error.message} (${error.externalMessage})`;
    const fix = thrown instanceof CheckFailure ? thrown.fix : error.fix;
    const vendor = {
      message: error.externalMessage ?? null,
      code: error.vendorCode ?? null,
      ref: error.vendorRef ?? null,
    };
    return { step: task.step, ok: false, detail, errorCode: error.code, fix, vendor };
  }
}
