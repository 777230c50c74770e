import * as z from "zod";
import type { Deps } from "../../flows/deps.ts";
import { getImport } from "../../flows/import/get-import.ts";
import { getMapping } from "../../flows/import/get-mapping.ts";
import { listImports } from "../../flows/import/list-imports.ts";
import { saveMapping } from "../../flows/import/save-mapping.ts";
import { userById } from "../../flows/store/accounts.ts";
import { idSchema } from "../../model/id-schema.ts";
import type { AccountId, ImportId, UserId } from "../../model/ids.ts";
import { dataObjects } from "../../model/log.ts";
import { FolderMapping } from "../../model/mapping.ts";
import { Paging, pageView } from "../paging.ts";
import { accountRoute } from "../route.ts";
import { importView, mappingView } from "../views/imports.ts";

const OfFolder = z.strictObject({ folder: z.enum(dataObjects) });
const OfImport = z.strictObject({ importId: idSchema<ImportId>("import") });

/** Imports, and how their columns are read. */
export const importRoutes = {
  "GET /imports": accountRoute({
    summary: "Lists the imports, newest first.",
    query: Paging,
    run: async ({ deps, accountId, signal }, { query }) => {
      const page = await listImports(deps, { accountId, ...query }, signal);
      const names = await namesOf(
        deps,
        accountId,
        page.items.map((record) => record.userId),
      );
      return pageView(page, (record) => importView(record, names.get(record.userId) ?? null));
    },
  }),
  "GET /imports/{importId}": accountRoute({
    summary: "Shows an import.",
    params: OfImport,
    run: async ({ deps, accountId, signal }, { params }) => {
      const record = await getImport(deps, { accountId, ...params }, signal);
      const names = await namesOf(deps, accountId, [record.userId]);
      return importView(record, names.get(record.userId) ?? null);
    },
  }),
  "GET /mappings/{folder}": accountRoute({
    summary: "Shows how the columns of a folder's files are read.",
    params: OfFolder,
    run: async ({ deps, accountId, signal }, { params }) =>
      mappingView(await getMapping(deps, { accountId, object: params.folder }, signal)),
  }),
  "PUT /mappings/{folder}": accountRoute({
    summary: "Saves how the columns of a folder's files are read, from the next file on.",
    params: OfFolder,
    body: FolderMapping,
    run: async ({ deps, accountId, signal }, { params, body }) =>
      mappingView(await saveMapping(deps, { accountId, object: params.folder, mapping: body }, signal)),
  }),
};

/** The names of an import's people. */
async function namesOf(
  deps: Pick<Deps, "table">,
  accountId: AccountId,
  userIds: readonly UserId[],
): Promise<ReadonlyMap<UserId, string>> {
  const users = await Promise.all([...new Set(userIds)].map((userId) => userById(deps.table, accountId, userId)));
  return new Map(users.filter((user) => user !== undefined).map((user) => [user.id, user.name]));
}
