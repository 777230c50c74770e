import type * as z from "zod";
import type { Deps } from "../deps.ts";
import { ConditionFailed } from "../ports.ts";
import { findImport, importIdOf, withdrawImport } from "../store/imports.ts";
import { UploadRequest } from "./requests.ts";

export const WithdrawUploadRequest = UploadRequest;

/** Takes back an upload that its user removes or renames: true when no import has claimed it and, from now on, none will. */
export async function withdrawUpload(
  deps: Pick<Deps, "table">,
  { accountId, key, version }: z.infer<typeof WithdrawUploadRequest>,
  _signal: AbortSignal,
): Promise<boolean> {
  const id = importIdOf(key, version);
  try {
    await withdrawImport(deps.table, accountId, id);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return (await findImport(deps.table, accountId, id)) === "withdrawn";
  }
}
