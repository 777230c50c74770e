import * as z from "zod";
import { connectionIdSchema } from "../../flows/connections/requests.ts";
import { listQuarantine } from "../../flows/quarantine/list-quarantine.ts";
import { ReadQuarantineRequest, readQuarantine } from "../../flows/quarantine/read-quarantine.ts";
import { replayRows } from "../../flows/quarantine/replay-rows.ts";
import { quarantineIdSchema } from "../../flows/quarantine/requests.ts";
import { getSync } from "../../flows/sync/get-sync.ts";
import { Paging, pageView } from "../paging.ts";
import { accountRoute } from "../route.ts";
import { quarantineView } from "../views/quarantine.ts";
import { syncView } from "../views/syncs.ts";

const OfConnection = z.strictObject({ connectionId: connectionIdSchema });
const OfQuarantine = OfConnection.extend({ quarantineId: quarantineIdSchema });

/** Rows that a warehouse could not hold: listed, read, and sent again. */
export const quarantineRoutes = {
  "GET /connections/{connectionId}/quarantine": accountRoute({
    summary: "Lists the rows that the warehouse could not hold, file by file, newest first, with the vendor's reason.",
    params: OfConnection,
    query: Paging,
    run: async ({ deps, accountId, signal }, { params, query }) =>
      pageView(await listQuarantine(deps, { accountId, ...params, ...query }, signal), quarantineView),
  }),
  "GET /connections/{connectionId}/quarantine/{quarantineId}/rows": accountRoute({
    summary: "Quarantined rows as they stand in our log, from an offset on; `nextOffset` is null at the end.",
    params: OfQuarantine,
    query: z.strictObject(ReadQuarantineRequest.pick({ offset: true, limit: true }).shape),
    run: async ({ deps, accountId, signal }, { params, query }) =>
      readQuarantine(deps, { accountId, ...params, ...query }, signal),
  }),
  "POST /connections/{connectionId}/quarantine/{quarantineId}/replay": accountRoute({
    summary: "Sends quarantined rows again, once the warehouse is mended. Answers the sync that does it.",
    status: 202,
    params: OfQuarantine,
    run: async ({ deps, accountId, signal }, { params }) => {
      const { id: syncId } = await replayRows(deps, { accountId, ...params }, signal);
      return syncView(await getSync(deps, { accountId, syncId }, signal));
    },
  }),
};
