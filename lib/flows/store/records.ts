import type { Condition, Files, Item, ItemKey } from "../ports.ts";

/** Wraps a record of ours as an item. `version`, where the record has one, also stands beside it for conditions. */
export function itemOf<T extends object>(key: ItemKey, record: T, attributes: Record<string, unknown> = {}): Item {
  const version = (record as { version?: unknown }).version;
  return { ...key, ...(version === undefined ? {} : { version }), ...attributes, record };
}

/** The record inside an item. Only what this code wrote through `itemOf` is read, so its type is trusted here and nowhere else. */
export function recordOf<T>(item: Item): T {
  return item["record"] as T;
}

/** Holds while nobody has written the record since we read it. */
export function versionIs(version: number): Condition {
  return { where: [{ attribute: "version", is: "=", value: version }] };
}

/** Writes an immutable list as JSON; a repeat under the same key leaves the first. */
export async function writeList(files: Files, key: string, list: unknown): Promise<void> {
  await files.putIfAbsent(key, new TextEncoder().encode(JSON.stringify(list)));
}

/** Reads back what `writeList` wrote; undefined when there is nothing. */
export async function readList<T>(files: Files, key: string): Promise<T | undefined> {
  const bytes = await files.get(key);
  return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as T);
}
