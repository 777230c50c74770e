import * as z from "zod";
import { getSync } from "../../flows/sync/get-sync.ts";
import { ListErrorsRequest, listErrors } from "../../flows/sync/list-errors.ts";
import { listReceipts } from "../../flows/sync/list-receipts.ts";
import { listRuns } from "../../flows/sync/list-runs.ts";
import { ListSyncsRequest, listSyncs } from "../../flows/sync/list-syncs.ts";
import { pauseSync } from "../../flows/sync/pause-sync.ts";
import { reenableSync } from "../../flows/sync/reenable-sync.ts";
import { syncIdSchema } from "../../flows/sync/requests.ts";
import { resumeSync } from "../../flows/sync/resume-sync.ts";
import { retrySync } from "../../flows/sync/retry-sync.ts";
import { Paging, pageView } from "../paging.ts";
import { type AccountContext, accountRoute } from "../route.ts";
import { errorView, runView } from "../views/runs.ts";
import { receiptView, skipView, syncView } from "../views/syncs.ts";

const OfSync = z.strictObject({ syncId: syncIdSchema });
type OfSync = z.infer<typeof OfSync>;

/** A sync as it stands after an action. */
async function shownAfter(context: AccountContext, params: OfSync, action: typeof pauseSync) {
  const { deps, accountId, signal } = context;
  await action(deps, { accountId, ...params }, signal);
  return syncView(await getSync(deps, { accountId, ...params }, signal));
}

/** Syncs, their runs, errors and receipts. */
export const syncRoutes = {
  "GET /syncs": accountRoute({
    summary: "Lists the syncs with status, progress and data freshness; historical ones first.",
    query: ListSyncsRequest.omit({ accountId: true }),
    run: async ({ deps, accountId, signal }, { query }) =>
      pageView({ items: await listSyncs(deps, { accountId, ...query }, signal) }, syncView),
  }),
  "GET /syncs/{syncId}": accountRoute({
    summary: "Shows a sync.",
    params: OfSync,
    run: async ({ deps, accountId, signal }, { params }) =>
      syncView(await getSync(deps, { accountId, ...params }, signal)),
  }),
  "POST /syncs/{syncId}/pause": accountRoute({
    summary: "Pauses a sync at the next border of a batch.",
    params: OfSync,
    run: async (context, { params }) => shownAfter(context, params, pauseSync),
  }),
  "POST /syncs/{syncId}/resume": accountRoute({
    summary: "Lets a paused sync go on from where it was.",
    params: OfSync,
    run: async (context, { params }) => shownAfter(context, params, resumeSync),
  }),
  "POST /syncs/{syncId}/retry": accountRoute({
    summary: "Tries an errored sync again now.",
    params: OfSync,
    run: async (context, { params }) => shownAfter(context, params, retrySync),
  }),
  "POST /syncs/{syncId}/re-enable": accountRoute({
    summary: "Checks the connection of a failed sync; when that passes, the sync goes on.",
    status: 202,
    params: OfSync,
    run: async (context, { params }) => shownAfter(context, params, reenableSync),
  }),
  "GET /syncs/{syncId}/runs": accountRoute({
    summary: "The timeline of a sync: its runs, newest first.",
    params: OfSync,
    query: Paging,
    run: async ({ deps, accountId, signal }, { params, query }) =>
      pageView(await listRuns(deps, { accountId, ...params, ...query }, signal), runView),
  }),
  "GET /syncs/{syncId}/receipts": accountRoute({
    summary: "The receipts that the warehouse itself shows for a sync, and the skips between them.",
    params: OfSync,
    run: async ({ deps, accountId, signal }, { params }) => {
      const { receipts, skips } = await listReceipts(deps, { accountId, ...params }, signal);
      return { ...pageView({ items: receipts }, receiptView), skips: skips.map(skipView) };
    },
  }),
  "GET /errors": accountRoute({
    summary: "Errors of a connection or a sync of the last 90 days, newest first, each with its fix.",
    query: Paging.extend(ListErrorsRequest.pick({ connectionId: true, syncId: true }).shape),
    run: async ({ deps, accountId, signal }, { query }) =>
      pageView(await listErrors(deps, { accountId, ...query }, signal), errorView),
  }),
};
