import { isDeepStrictEqual } from "node:util";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Clause, Condition } from "../../flows/ports.ts";
import type { Instant } from "../../model/time.ts";
import { type AttributeMap, keyAttributes, toScalar } from "./table-items.ts";

export interface ConditionInput {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: AttributeMap;
}

/** Names and values of one expression, each under a placeholder: names may be reserved words. */
class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: AttributeMap = {};

  name(attribute: string): string {
    const known = Object.entries(this.names).find(([, name]) => name === attribute)?.[0];
    const placeholder = known ?? `#n${Object.keys(this.names).length}`;
    this.names[placeholder] = attribute;
    return placeholder;
  }

  value(value: AttributeValue): string {
    const known = Object.entries(this.values).find(([, other]) => isDeepStrictEqual(other, value))?.[0];
    const placeholder = known ?? `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}

/** A condition for DynamoDB, to which an item that has expired at `now` is as good as absent. Undefined where nothing is asked. */
export function toConditionInput(condition: Condition | undefined, now: Instant): ConditionInput | undefined {
  const { item, where = [] } = condition ?? {};
  if (item === undefined && where.length === 0) return undefined;
  const placeholders = new Placeholders();
  const key = () => placeholders.name(keyAttributes.partition);
  // Made when asked for: DynamoDB refuses placeholders that no expression uses.
  const isGone = () => `${placeholders.name("expiresAt")} <= ${placeholders.value({ N: String(now) })}`;
  const isThere = () => `attribute_exists(${key()}) AND NOT ${isGone()}`;
  const parts = where.map((clause) => clauseText(clause, placeholders, { isGone, isThere }));
  if (item === "present") parts.push(isThere());
  if (item === "absent") parts.push(`attribute_not_exists(${key()}) OR ${isGone()}`);
  return {
    ConditionExpression: parts.map((part) => `(${part})`).join(" AND "),
    ExpressionAttributeNames: placeholders.names,
    // Never an empty map: DynamoDB refuses that too.
    ...(Object.keys(placeholders.values).length > 0 && { ExpressionAttributeValues: placeholders.values }),
  };
}

function clauseText(
  clause: Clause,
  placeholders: Placeholders,
  { isGone, isThere }: { isGone: () => string; isThere: () => string },
): string {
  const name = placeholders.name(clause.attribute);
  switch (clause.is) {
    case "absent":
      return `attribute_not_exists(${name}) OR ${isGone()}`;
    case "present":
      return `attribute_exists(${name}) AND ${isThere()}`;
    case "=":
      return `${name} = ${placeholders.value(comparable(clause.value))} AND ${isThere()}`;
    case "<>":
      return `attribute_not_exists(${name}) OR NOT ${name} = ${placeholders.value(comparable(clause.value))} OR ${isGone()}`;
    case "<":
    case "<=":
    case ">":
    case ">=":
      // Booleans have no order, and DynamoDB refuses to be asked: a clause that never holds.
      if (typeof clause.value === "boolean") return `attribute_exists(${name}) AND attribute_not_exists(${name})`;
      return `${name} ${clause.is} ${placeholders.value(comparable(clause.value))} AND ${isThere()}`;
  }
}

function comparable(value: string | number | boolean): AttributeValue {
  const scalar = toScalar(value);
  if (scalar === undefined) throw new RangeError(`${JSON.stringify(value)} cannot be compared with in the table`);
  return scalar;
}
