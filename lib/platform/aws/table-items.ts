import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Item, ItemKey } from "../../flows/ports.ts";
import { dayMs, secondMs } from "../../model/time.ts";
import { itemText } from "../table-limits.ts";

export type AttributeMap = Record<string, AttributeValue>;

/** The table's key: two strings. */
export const keyAttributes = { partition: "pk", sort: "sk" } as const;

/** The attribute DynamoDB removes items by: seconds since the epoch. Ours alone, no item of a flow may have it. */
export const ttlAttribute = "ttl";

/** Magnitudes that DynamoDB's numbers reach: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const numberSizes = { min: 1e-130, max: 9.99e125 } as const;

/**
 * An item as attributes. Text, numbers, booleans and null stand as themselves, so that conditions can see them; lists,
 * objects and what DynamoDB cannot hold exactly go as JSON text in a map of one entry, `{ json }`.
 */
export function toAttributes(item: Item): AttributeMap {
  if (ttlAttribute in item) throw new RangeError(`${ttlAttribute} is no attribute of an item's own`);
  const plain = JSON.parse(itemText(item)) as Item;
  const attributes: AttributeMap = {};
  for (const [name, value] of Object.entries(plain)) attributes[name] = toAttribute(value);
  if (plain.expiresAt !== undefined) attributes[ttlAttribute] = { N: String(ttlSeconds(plain.expiresAt)) };
  return attributes;
}

/** A day late, as clocks may step back; until then the item reads as absent. */
function ttlSeconds(expiresAtMs: number): number {
  return Math.ceil((expiresAtMs + dayMs) / secondMs);
}

function toAttribute(value: unknown): AttributeValue {
  return toScalar(value) ?? { M: { json: { S: JSON.stringify(value) } } };
}

/** A value as an attribute that conditions can compare, or undefined where DynamoDB has none that is exactly it. */
export function toScalar(value: unknown): AttributeValue | undefined {
  if (value === null) return { NULL: true };
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "string") return value.isWellFormed() ? { S: value } : undefined;
  if (typeof value === "number") return isHoldable(value) ? { N: String(value) } : undefined;
  return undefined;
}

function isHoldable(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= numberSizes.min && size <= numberSizes.max);
}

export function fromAttributes(attributes: AttributeMap): Item {
  const item: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) if (name !== ttlAttribute) item[name] = fromAttribute(value);
  return item as unknown as Item;
}

function fromAttribute(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  const json = value.M?.["json"]?.S;
  if (json === undefined) throw new TypeError("an attribute of the table was not written by us");
  return JSON.parse(json);
}

export function toKey({ pk, sk }: ItemKey): AttributeMap {
  return { [keyAttributes.partition]: { S: pk }, [keyAttributes.sort]: { S: sk } };
}
