import { ActivateConnectionRequest, activateConnection } from "./connections/activate-connection.ts";
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
import { type Step, step } from "./step.ts";
import { ContinueRunRequest, continueRun } from "./sync/continue-run.ts";
import { FailRunRequest, failRun } from "./sync/fail-run.ts";
import { FinishRunRequest, finishRun } from "./sync/finish-run.ts";
import { ListFilesRequest, listFiles } from "./sync/list-files.ts";

/** Every `${FunctionName}` of `state-machines/` in kebab case, and the flow behind it: `${ParseRange}` calls `parse-range`. What dials warehouses is in `writer-steps.ts`. */
export const steps: Readonly<Record<string, Step>> = {
  "activate-connection": step(ActivateConnectionRequest, activateConnection),
  "advance-round": step(AdvanceRoundRequest, advanceRound),
  "close-consolidation": step(CloseConsolidationRequest, closeConsolidation),
  "close-import": step(CloseImportRequest, closeImport),
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
  "prepare-cut": step(PrepareCutRequest, prepareCut),
  "publish-import": step(PublishImportRequest, publishImport),
  "run-part": step(RunPartRequest, runPart),
  "scan-range": step(ScanRangeRequest, scanRange),
  "start-due-syncs": step(StartDueSyncsRequest, startDueSyncs),
};
