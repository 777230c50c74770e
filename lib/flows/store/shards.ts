import type { AccountId } from "../../model/ids.ts";

/** How many partitions each list over all accounts has. Fixed: items lie in them. */
export const listShards = 16;

/** The partition of a global list that an account's items lie in. */
export function shardOf(accountId: AccountId): number {
  return hashOf(accountId) % listShards;
}

/** A number that spreads texts evenly; not for secrets. */
export function hashOf(text: string): number {
  let hash = 2_166_136_261;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0;
  return hash;
}

/** Partitions of the lists over all accounts in which something of this account may stand. Each item's record names its `accountId`. */
export function accountLists(accountId: AccountId): readonly string[] {
  const shard = shardOf(accountId);
  const lists = ["due", "open-runs", "closed-runs", "pending-connections"];
  return [...lists.map((list) => `${list}/${shard}`), "unfinished-consolidations"];
}
