import type { AccountId, KeyId, LogId, TokenId, UserId } from "./ids.ts";
import type { Instant } from "./time.ts";

/** One tenant; owns everything else. */
export interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly logId: LogId;
  readonly createdAt: Instant;
}

/** A person of one account. Its keys open the SFTP; an import's *by* is this user. */
export interface User {
  readonly id: UserId;
  readonly accountId: AccountId;
  readonly name: string;
  /** Unique over all accounts: 3 to 100 characters, as AWS Transfer Family takes them. */
  readonly sftpUsername: string;
  readonly createdAt: Instant;
}

export interface SshKey {
  readonly id: KeyId;
  readonly userId: UserId;
  readonly title: string;
  /** `ssh-ed25519 AAAA…`, without comment. */
  readonly publicKey: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly createdAt: Instant;
}

export const sshKeysPerUserMax = 5;

/** `operator` reaches accounts, users and tokens; `account` everything of one account. */
export type TokenScope = "operator" | "account";

/** A bearer token; only its SHA-256 is kept. */
export interface Token {
  readonly id: TokenId;
  readonly scope: TokenScope;
  readonly accountId: AccountId | null;
  readonly userId: UserId | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
}
