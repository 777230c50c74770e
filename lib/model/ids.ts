/** A value that only its own kind may stand in for. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** `ac` and 14 characters. All account ids have one length, so none is a prefix of another. */
export type AccountId = Brand<string, "AccountId">;
export type UserId = Brand<string, "UserId">;
export type TokenId = Brand<string, "TokenId">;
export type KeyId = Brand<string, "KeyId">;
/** Derived from (inbox key, version): the same upload is the same import, however often its event comes. */
export type ImportId = Brand<string, "ImportId">;
export type ConnectionId = Brand<string, "ConnectionId">;
/** `<connection>-<object>-<mode>`. */
export type SyncId = Brand<string, "SyncId">;
export type RunId = Brand<string, "RunId">;
/** One per account: names its log in every receipt, so that a warehouse table knows whose rows it holds. */
export type LogId = Brand<string, "LogId">;

/** The prefix of each kind of id; 14 characters of Crockford base32 follow. */
export const idPrefixes = {
  account: "ac",
  user: "us",
  token: "tk",
  key: "ke",
  import: "im",
  connection: "cn",
  run: "rn",
  log: "lg",
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const lengthAfterPrefix = 14;

/** Spells an id from at least 14 bytes: random ones for a new thing, a digest for a derived id. */
export function spellId<Id extends string>(kind: IdKind, bytes: Uint8Array): Id {
  if (bytes.length < lengthAfterPrefix) throw new TypeError(`an id needs ${lengthAfterPrefix} bytes`);
  const letters = Array.from(bytes.subarray(0, lengthAfterPrefix), (byte) => alphabet[byte & 31]);
  return `${idPrefixes[kind]}${letters.join("")}` as Id;
}

/** Whether a text has the form of an id of that kind. */
export function isId(kind: IdKind, text: string): boolean {
  return new RegExp(`^${idPrefixes[kind]}[${alphabet}]{${lengthAfterPrefix}}$`).test(text);
}
