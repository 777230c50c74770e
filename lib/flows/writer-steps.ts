import * as z from "zod";
import { CheckRequest, checkConnection } from "./connections/check-connection.ts";
import { TryStepRequest, tryStep } from "./connections/try-step.ts";
import type { Deps } from "./deps.ts";
import { type WriterStepName, writerStepNames } from "./ports.ts";
import { type Step, step } from "./step.ts";
import { CommitBatchRequest, commitBatch } from "./sync/commit-batch.ts";
import { DiscardStagingRequest, discardStaging } from "./sync/discard-staging.ts";
import { PlanRunRequest, planRun } from "./sync/plan-run.ts";
import { ReadReceiptsRequest, readReceipts } from "./sync/read-receipts.ts";
import { StageFileRequest, stageFile } from "./sync/stage-file.ts";

/** All that dials warehouses. In AWS it runs in the writer of the connection's kind, which alone has a way out of the VPC. */
const writerSteps: Readonly<Record<WriterStepName, Step>> = {
  "check-connection": step(CheckRequest, checkConnection),
  "commit-batch": step(CommitBatchRequest, commitBatch),
  "discard-staging": step(DiscardStagingRequest, discardStaging),
  "list-receipts": step(ReadReceiptsRequest, readReceipts),
  "plan-run": step(PlanRunRequest, planRun),
  "stage-file": step(StageFileRequest, stageFile),
  "try-step": step(TryStepRequest, tryStep),
};

/** What a writer is called with, by a machine or through the `Writers` port. */
export const WriterCall = z.object({ step: z.enum(writerStepNames), input: z.unknown() });
export type WriterCall = z.infer<typeof WriterCall>;

/** Runs one step of a writer. A step that there is not, or an input that the step does not take, is a bug: `ZodError`. */
export async function runWriterStep(deps: Deps, call: unknown, signal: AbortSignal): Promise<unknown> {
  const { step: name, input } = WriterCall.parse(call);
  return writerSteps[name](deps, input, signal);
}
