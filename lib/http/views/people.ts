import type { Account, SshKey, Token, User } from "../../model/account.ts";
import { iso } from "./instants.ts";

export function accountView(account: Account) {
  return { id: account.id, name: account.name, logId: account.logId, createdAt: iso(account.createdAt) };
}

export function userView(user: User) {
  return { id: user.id, name: user.name, sftpUsername: user.sftpUsername, createdAt: iso(user.createdAt) };
}

export function keyView(key: SshKey) {
  return {
    id: key.id,
    title: key.title,
    publicKey: key.publicKey,
    fingerprint: key.fingerprint,
    createdAt: iso(key.createdAt),
  };
}

/** A token without its text, which only its making shows. */
export function tokenView(token: Token) {
  return {
    id: token.id,
    scope: token.scope,
    userId: token.userId,
    createdAt: iso(token.createdAt),
    expiresAt: iso(token.expiresAt),
  };
}
