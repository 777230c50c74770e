import { createToken } from "../flows/accounts/create-token.ts";
import { ensureOperatorToken, proposeOperatorToken } from "../flows/accounts/ensure-operator-token.ts";
import type { Deps } from "../flows/deps.ts";
import { dataPaths, readIfThere, writePrivately } from "./data-folder.ts";

/** The operator's token of this data folder, and whether this start made it. */
export interface OperatorToken {
  readonly text: string;
  readonly isNew: boolean;
}

/**
 * The token in the folder's file, made on the first start: kept first and registered then, so that no crash can lose it.
 * Whoever owns the folder is the operator: where the file is gone a new token is issued.
 */
export async function operatorTokenIn(folder: string, deps: Deps, signal: AbortSignal): Promise<OperatorToken> {
  const path = dataPaths(folder).operatorToken;
  const kept = readIfThere(path)?.trim();
  const text = kept ?? proposeOperatorToken(deps.randomness);
  if (kept === undefined) writePrivately(path, `${text}\n`);
  if ((await ensureOperatorToken(deps, { text }, signal)) || kept !== undefined) {
    return { text, isNew: kept === undefined };
  }
  const issued = await createToken(deps, { scope: "operator" }, signal);
  writePrivately(path, `${issued.text}\n`);
  return { text: issued.text, isNew: true };
}
