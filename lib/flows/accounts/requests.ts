import { createHash } from "node:crypto";
import * as z from "zod";
import { idSchema } from "../../model/id-schema.ts";
import type { AccountId, KeyId, TokenId, UserId } from "../../model/ids.ts";
import { type IdKind, spellId } from "../../model/ids.ts";
import type { Randomness } from "../ports.ts";

export const accountIdSchema = idSchema<AccountId>("account");
export const userIdSchema = idSchema<UserId>("user");
export const keyIdSchema = idSchema<KeyId>("key");
export const tokenIdSchema = idSchema<TokenId>("token");

/** What people call an account, a user or a key: one line that shows something. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => !/\p{Cc}/u.test(text), { error: "holds a control character" });

/** The same text twice names the same thing: a repeated request creates nothing new. */
export const requestIdSchema = z.string().min(1).max(256).optional();

export const pageFields = {
  limit: z.int().min(1).max(1_000).optional(),
  cursor: z.string().min(1).max(4_096).optional(),
} as const;

/** A random id; the same one again for a request that names itself. */
export function newId<Id extends string>(
  randomness: Randomness,
  kind: IdKind,
  requestId: string | undefined,
  ...within: readonly string[]
): Id {
  if (requestId === undefined) return spellId(kind, randomness.bytes(16));
  const digest = createHash("sha256").update(JSON.stringify([kind, ...within, requestId]));
  return spellId(kind, new Uint8Array(digest.digest()));
}
