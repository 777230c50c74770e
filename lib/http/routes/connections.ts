import * as z from "zod";
import { adoptConnection } from "../../flows/connections/adopt-connection.ts";
import { CreateConnectionRequest, createConnection } from "../../flows/connections/create-connection.ts";
import { disableConnection } from "../../flows/connections/disable-connection.ts";
import { enableConnection } from "../../flows/connections/enable-connection.ts";
import { getConnection } from "../../flows/connections/get-connection.ts";
import { listConnections } from "../../flows/connections/list-connections.ts";
import { removeConnection } from "../../flows/connections/remove-connection.ts";
import { connectionIdSchema, settingsSchema } from "../../flows/connections/requests.ts";
import { retryConnection } from "../../flows/connections/retry-connection.ts";
import { SaveSelectionRequest, saveSelection } from "../../flows/connections/save-selection.ts";
import { setupScript } from "../../flows/connections/setup-script.ts";
import { TestStepRequest, testStep } from "../../flows/connections/test-step.ts";
import { updateCredentials } from "../../flows/connections/update-credentials.ts";
import { PreviewRequest, previewSelection } from "../../flows/preview/preview-selection.ts";
import { pageView } from "../paging.ts";
import { accountRoute } from "../route.ts";
import { connectionCardView, connectionView, stepView } from "../views/connections.ts";
import { previewView } from "../views/preview.ts";

const OfConnection = z.strictObject({ connectionId: connectionIdSchema });

/** Connections: an account's link to its warehouse. */
export const connectionRoutes = {
  "POST /connections": accountRoute({
    summary: "Connects a warehouse. Its check runs on; see the connection for how it ends.",
    status: 202,
    body: CreateConnectionRequest.omit({ accountId: true }),
    run: async ({ deps, accountId, signal }, { body }) =>
      connectionView(await createConnection(deps, { accountId, ...body }, signal)),
  }),
  "GET /connections": accountRoute({
    summary: "Lists the connections, newest first, removed ones among them.",
    run: async ({ deps, accountId, signal }) =>
      pageView({ items: await listConnections(deps, { accountId }, signal) }, connectionCardView),
  }),
  "GET /connections/{connectionId}": accountRoute({
    summary: "Shows a connection, with the steps of its check.",
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionCardView(await getConnection(deps, { accountId, ...params }, signal)),
  }),
  "PUT /connections/{connectionId}/credentials": accountRoute({
    summary: "Tries changed settings, and puts them in use once their check has passed.",
    status: 202,
    params: OfConnection,
    body: z.strictObject({ settings: settingsSchema }),
    run: async ({ deps, accountId, signal }, { params, body }) =>
      connectionView(await updateCredentials(deps, { accountId, ...params, ...body }, signal)),
  }),
  "PUT /connections/{connectionId}/selection": accountRoute({
    summary: "Changes what is sent, from the next plan on. Fields that are left out stay.",
    params: OfConnection,
    body: SaveSelectionRequest.omit({ accountId: true, connectionId: true }),
    run: async ({ deps, accountId, signal }, { params, body }) =>
      connectionView(await saveSelection(deps, { accountId, ...params, ...body }, signal)),
  }),
  "POST /connections/{connectionId}/retry": accountRoute({
    summary: "Checks a connection again.",
    status: 202,
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionView(await retryConnection(deps, { accountId, ...params }, signal)),
  }),
  "POST /connections/{connectionId}/test-step": accountRoute({
    summary: "Tests a fix: tries the step of the check that failed, or the one that is named, and nothing after it.",
    params: OfConnection,
    body: TestStepRequest.pick({ step: true }),
    run: async ({ deps, accountId, signal }, { params, body }) =>
      stepView(await testStep(deps, { accountId, ...params, ...body }, signal)),
  }),
  "POST /connections/{connectionId}/adopt": accountRoute({
    summary:
      "Takes over tables that hold receipts which are not ours, or no longer: syncs into them from the start, above all that is there.",
    status: 202,
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionView(await adoptConnection(deps, { accountId, ...params }, signal)),
  }),
  "POST /connections/{connectionId}/disable": accountRoute({
    summary: "Disables a connection and its syncs.",
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionView(await disableConnection(deps, { accountId, ...params }, signal)),
  }),
  "POST /connections/{connectionId}/enable": accountRoute({
    summary: "Enables a disabled connection once its check has passed.",
    status: 202,
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionView(await enableConnection(deps, { accountId, ...params }, signal)),
  }),
  "DELETE /connections/{connectionId}": accountRoute({
    summary: "Removes a connection and its secret. The warehouse's tables stay, and so does the history.",
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) =>
      connectionView(await removeConnection(deps, { accountId, ...params }, signal)),
  }),
  "GET /connections/{connectionId}/setup-script": accountRoute({
    summary: "The statements that the warehouse's administrator runs once.",
    params: OfConnection,
    run: async ({ deps, accountId, signal }, { params }) => ({
      script: await setupScript(deps, { accountId, ...params }, signal),
    }),
  }),
  "POST /preview": accountRoute({
    summary:
      "Estimates what a selection would send at first: rows, bytes, files, time, and the cost at the warehouse with the source of each price.",
    body: PreviewRequest.omit({ accountId: true }),
    run: async ({ deps, accountId, signal }, { body }) =>
      previewView(await previewSelection(deps, { accountId, ...body }, signal)),
  }),
  "POST /setup-script": accountRoute({
    summary: "The same for settings that are not saved yet; leave secrets out.",
    body: z.strictObject({
      kind: z.string(),
      settings: settingsSchema.default({}),
      tablePrefix: z.string().optional(),
    }),
    run: async ({ deps, accountId, signal }, { body }) => ({
      script: await setupScript(deps, { accountId, ...body }, signal),
    }),
  }),
};
