import type * as z from "zod";
import { ActivateConnectionRequest, activateConnection } from "./connections/activate-connection.ts";
import { CheckRequest, checkConnection } from "./connections/check-connection.ts";
import { EndCheckRequest, failCheck } from "./connections/end-check.ts";
import { PrepareCutRequest, prepareCut } from "./connections/prepare-cut.ts";
import { AdvanceRoundRequest, advanceRound } from "./consolidate/advance-round.ts";
import {
  CloseConsolidationRequest,
  closeConsolidation,
  FailConsolidationRequest,
  failConsolidation,
} from "./consolidate/close-consolidation.ts";
import { ConsolidateRoundRequest, consolidateRound } from "./consolidate/consolidate-round.ts";
import { RunPartRequest, runPart } from "./consolidate/run-part.ts";
import type { Deps, Flow } from "./deps.ts";
import { DispatchAccountRequest, dispatchAccount } from "./dispatch/dispatch-account.ts";
import { ListDueAccountsRequest, listDueAccounts } from "./dispatch/list-due-accounts.ts";
import { StartDueSyncsRequest, startDueSyncs } from "./dispatch/start-due-syncs.ts";
import { CloseImportRequest, closeImport } from "./import/close-import.ts";
import { CutRangesRequest, cutRanges } from "./import/cut-ranges.ts";
import { FailImportRequest, failImport } from "./import/fail-import.ts";
import { ParseRangeRequest, parseRange } from "./import/parse-range.ts";
import { PlanImportRequest, planImport } from "./import/plan-import.ts";
import { PublishImportRequest, publishImport } from "./import/publish-import.ts";
import { ScanRangeRequest, scanRange } from "./import/scan-range.ts";
import { CommitBatchRequest, commitBatch } from "./sync/commit-batch.ts";
import { ContinueRunRequest, continueRun } from "./sync/continue-run.ts";
import { FailRunRequest, failRun } from "./sync/fail-run.ts";
import { FinishRunRequest, finishRun } from "./sync/finish-run.ts";
import { ListFilesRequest, listFiles } from "./sync/list-files.ts";
import { PlanRunRequest, planRun } from "./sync/plan-run.ts";
import { StageFileRequest, stageFile } from "./sync/stage-file.ts";

/** A flow as a state machine calls it: input of any kind in, JSON out. */
export type Step = (deps: Deps, input: unknown, signal: AbortSignal) => Promise<unknown>;

/** Every `${FunctionName}` of `state-machines/` in kebab case, and the flow behind it. `${ParseRange}` calls `parse-range`. */
export const steps: Readonly<Record<string, Step>> = {
  "activate-connection": step(ActivateConnectionRequest, activateConnection),
  "advance-round": step(AdvanceRoundRequest, advanceRound),
  "check-connection": step(CheckRequest, checkConnection),
  "close-consolidation": step(CloseConsolidationRequest, closeConsolidation),
  "close-import": step(CloseImportRequest, closeImport),
  "commit-batch": step(CommitBatchRequest, commitBatch),
  "consolidate-round": step(ConsolidateRoundRequest, consolidateRound),
  "continue-run": step(ContinueRunRequest, continueRun),
  "cut-ranges": step(CutRangesRequest, cutRanges),
  "dispatch-account": step(DispatchAccountRequest, dispatchAccount),
  "fail-check": step(EndCheckRequest, failCheck),
  "fail-consolidation": step(FailConsolidationRequest, failConsolidation),
  "fail-import": step(FailImportRequest, failImport),
  "fail-run": step(FailRunRequest, failRun),
  "finish-run": step(FinishRunRequest, finishRun),
  "list-due-accounts": step(ListDueAccountsRequest, listDueAccounts),
  "list-files": step(ListFilesRequest, listFiles),
  "parse-range": step(ParseRangeRequest, parseRange),
  "plan-import": step(PlanImportRequest, planImport),
  "plan-run": step(PlanRunRequest, planRun),
  "prepare-cut": step(PrepareCutRequest, prepareCut),
  "publish-import": step(PublishImportRequest, publishImport),
  "run-part": step(RunPartRequest, runPart),
  "scan-range": step(ScanRangeRequest, scanRange),
  "stage-file": step(StageFileRequest, stageFile),
  "start-due-syncs": step(StartDueSyncsRequest, startDueSyncs),
};

/** Checks the input against the flow's schema, then calls it. A wrong input is a bug: it throws `ZodError`. */
function step<Schema extends z.ZodType, Answer>(schema: Schema, flow: Flow<z.infer<Schema>, Answer>): Step {
  return async (deps, input, signal) => flow(deps, schema.parse(input), signal);
}
