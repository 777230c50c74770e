import * as z from "zod";
import type { AccountId, ImportId } from "../../model/ids.ts";
import { failConsolidation } from "../consolidate/close-consolidation.ts";
import type { Deps } from "../deps.ts";
import { reviveImport } from "../import/revive-import.ts";
import { openImports } from "../store/imports.ts";
import { CloseRunRequest, closeRun } from "../sync/close-run.ts";

export const CloseExecutionRequest = CloseRunRequest;

const ImportInput = z.object({ accountId: z.string(), importId: z.string() });
const ConsolidateInput = z.object({ accountId: z.string(), attempt: z.number() });

/**
 * Called when an execution of any machine has ended badly, by the rule on execution status or by the interpreter: what
 * no `Catch` saw is closed at once instead of waiting for the next sweep. Twice is the same as once.
 */
export async function closeExecution(
  deps: Deps,
  request: z.infer<typeof CloseExecutionRequest>,
  signal: AbortSignal,
): Promise<void> {
  if (request.status === "SUCCEEDED") return;
  if (request.machine === "import") return closeImportExecution(deps, request.input);
  if (request.machine === "consolidate") {
    const { accountId, attempt } = ConsolidateInput.parse(request.input);
    const error = { Error: `execution ${request.status}` };
    await failConsolidation(deps, { accountId: accountId as AccountId, attempt, error }, signal);
    return;
  }
  await closeRun(deps, request, signal);
}

async function closeImportExecution(deps: Deps, input: unknown): Promise<void> {
  const { accountId, importId } = ImportInput.parse(input);
  const open = await openImports(deps.table, accountId as AccountId);
  const own = open.find((each) => each.importId === (importId as ImportId));
  if (own !== undefined) await reviveImport(deps, accountId as AccountId, own);
}
