import { type AnswerOf, CallFailed, type Client, openClient } from "../../http/client.ts";
import type { Routes } from "../../http/routes.ts";
import type { OperatorDoor } from "./operator-door.ts";

/** The account to open, and whom to let in. */
export interface AccountWish {
  readonly name: string;
  readonly user?: { readonly name: string; readonly sftpUsername?: string };
  /** One line of a `.pub` file; needs a user. */
  readonly publicKey?: string;
}

export interface MadeAccount {
  readonly account: { readonly id: string; readonly name: string };
  readonly user: AnswerOf<Routes["POST /accounts/{accountId}/users"]> | null;
  readonly keyFingerprint: string | null;
  readonly token: string;
  /** Null where no SFTP endpoint runs. */
  readonly sftp: AnswerOf<Routes["GET /sftp"]> | null;
}

/** Opens the account with its user, key and token. Asked again for the same names it finds what it made, and issues one more token. */
export async function makeAccount(door: OperatorDoor, wish: AccountWish, signal: AbortSignal): Promise<MadeAccount> {
  const requestId = (...words: readonly string[]) => ["first-account", ...words].join("/");
  const account = await door.api.call("POST /accounts", { body: { name: wish.name, requestId: requestId(wish.name) } });
  const params = { accountId: account.id };
  const user =
    wish.user === undefined
      ? null
      : await door.api.call("POST /accounts/{accountId}/users", {
          params,
          body: { ...wish.user, requestId: requestId(wish.user.name, wish.user.sftpUsername ?? "") },
        });
  const issued = await door.api.call("POST /accounts/{accountId}/tokens", {
    params,
    body: user === null ? {} : { userId: user.id },
  });
  const api = openClient<Routes>({ url: door.url, token: issued.text, signal });
  const keyFingerprint =
    user === null || wish.publicKey === undefined ? null : await addKey(api, user.id, wish.publicKey);
  return { account, user, keyFingerprint, token: issued.text, sftp: await sftpOf(api) };
}

async function addKey(api: Client<Routes>, userId: string, publicKey: string): Promise<string> {
  try {
    const body = { title: "first key", publicKey };
    return (await api.call("POST /users/{userId}/keys", { params: { userId }, body })).fingerprint;
  } catch (error) {
    // From an earlier, broken-off run.
    if (error instanceof CallFailed && error.code === "KEY_DUPLICATE") return "added before";
    throw error;
  }
}

async function sftpOf(api: Client<Routes>): Promise<MadeAccount["sftp"]> {
  try {
    return await api.call("GET /sftp");
  } catch (error) {
    if (error instanceof CallFailed && error.code === "NOT_FOUND") return null;
    throw error;
  }
}
