import { createHash, timingSafeEqual } from "node:crypto";
import type { Token } from "../../model/account.ts";
import type { AccountId, TokenId } from "../../model/ids.ts";
import type { Randomness, Table, TableWrite } from "../ports.ts";
import { given, type Page, type PageRequest, pageOf } from "./accounts.ts";
import { accountItem, accountPartition, globalItem, pastPrefix } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

interface StoredToken {
  readonly token: Token;
  /** SHA-256 of the whole text, in hex. */
  readonly sha256: string;
}

const secretBytes = 32;
const textPattern = /^ws_(tk[0-9a-z]{14})_[\w-]{43}$/;

/** The one showing of a token: `ws_<id>_<256 random bits>`. */
export function newTokenText(randomness: Randomness, id: TokenId): string {
  return `ws_${id}_${Buffer.from(randomness.bytes(secretBytes)).toString("base64url")}`;
}

/** Which token a text claims to be; undefined when it has not the form of one. */
export function tokenIdIn(text: string): TokenId | undefined {
  return textPattern.exec(text)?.[1] as TokenId | undefined;
}

/** The writes of a new token: its hash by id, and its line in the list of its account (or the operator's). */
export function newToken(token: Token, text: string): readonly TableWrite[] {
  const expiry = token.expiresAt === null ? {} : { expiresAt: token.expiresAt };
  const stored: StoredToken = { token, sha256: sha256Of(text).toString("hex") };
  return [
    { put: { ...itemOf(tokenItem(token.id), stored), ...expiry }, condition: { item: "absent" } },
    { put: { ...itemOf(listItem(token.accountId, token.id), token), ...expiry }, condition: { item: "absent" } },
    ...(token.accountId === null ? [] : [accountIsThere(token.accountId)]),
  ];
}

/** Fails the making of a token for an account that is removed meanwhile. */
function accountIsThere(accountId: AccountId): TableWrite {
  return { check: accountItem(accountId, "account"), condition: { item: "present" } };
}

/** The writes that make a token void. */
export function dropToken(token: Token): readonly TableWrite[] {
  return [{ delete: tokenItem(token.id) }, { delete: listItem(token.accountId, token.id) }];
}

export async function tokenById(table: Table, tokenId: TokenId): Promise<Token | undefined> {
  const item = await table.get(tokenItem(tokenId));
  return item === undefined ? undefined : recordOf<StoredToken>(item).token;
}

/** The token whose text this is, expired or not. Takes as long for a wrong secret as for a right one. */
export async function tokenByText(table: Table, text: string): Promise<Token | undefined> {
  const id = tokenIdIn(text);
  if (id === undefined) return undefined;
  const item = await table.get(tokenItem(id));
  const stored = item === undefined ? undefined : recordOf<StoredToken>(item);
  const expected = stored === undefined ? Buffer.alloc(secretBytes) : Buffer.from(stored.sha256, "hex");
  return timingSafeEqual(sha256Of(text), expected) ? stored?.token : undefined;
}

/** Tokens of an account, or the operator's for null, by id. */
export async function tokensPage(
  table: Table,
  accountId: AccountId | null,
  page: PageRequest = {},
): Promise<Page<Token>> {
  const { pk, sk } = listItem(accountId, "" as TokenId);
  return pageOf<Token>(await table.query({ pk, from: sk, to: pastPrefix(sk), ...given(page) }));
}

function sha256Of(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function tokenItem(id: TokenId) {
  return globalItem(`tokens/${id}`, "token");
}

function listItem(accountId: AccountId | null, id: TokenId) {
  return globalItem(accountId === null ? "operator-tokens" : accountPartition(accountId), `token/${id}`);
}
