import { expect, test } from "vitest";
import type * as z from "zod";
import { CheckRequest } from "../../../lib/flows/connections/check-connection.ts";
import { EndCheckRequest } from "../../../lib/flows/connections/end-check.ts";
import { ConsolidateRoundRequest } from "../../../lib/flows/consolidate/consolidate-round.ts";
import { CloseExecutionRequest } from "../../../lib/flows/dispatch/close-execution.ts";
import { ListDueAccountsRequest } from "../../../lib/flows/dispatch/list-due-accounts.ts";
import { FailImportRequest } from "../../../lib/flows/import/fail-import.ts";
import { PlanImportRequest } from "../../../lib/flows/import/plan-import.ts";
import { FailRunRequest } from "../../../lib/flows/sync/fail-run.ts";
import { PlanRunRequest } from "../../../lib/flows/sync/plan-run.ts";
import { spellId } from "../../../lib/model/ids.ts";

const bytes = new Uint8Array(14);
const accountId = spellId("account", bytes);
const attempt = { accountId, attempt: 1 };
const check = { accountId, connectionId: spellId("connection", bytes), check: 1, kind: "postgres" };
const ofImport = { ...attempt, importId: spellId("import", bytes) };
const run = { ...attempt, runId: spellId("run", bytes), kind: "postgres" };

test.each<[string, z.ZodType, object]>([
  ["import", PlanImportRequest, ofImport],
  ["import, failed", FailImportRequest, ofImport],
  ["consolidate", ConsolidateRoundRequest, attempt],
  ["sync", PlanRunRequest, run],
  ["sync, failed", FailRunRequest, run],
  ["dispatch", ListDueAccountsRequest, { isNow: true, windowSeconds: 0, execution: "now-1" }],
  ["check-connection", CheckRequest, check],
  ["check-connection, failed", EndCheckRequest, check],
  ["any, closed", CloseExecutionRequest, { machine: "sync", name: "n", status: "ABORTED", input: run }],
])("the first step of %s takes an input that names its start", (_, schema, input) => {
  expect(schema.safeParse({ ...input, start: "AbCd" }).error).toBeUndefined();
});
