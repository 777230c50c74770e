import type { Clause, Condition, Item } from "../../flows/ports.ts";

/** Whether a condition holds on an item that is there (`undefined`: is not), as DynamoDB would judge it. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  if (condition.item === "absent" && item !== undefined) return false;
  if (condition.item === "present" && item === undefined) return false;
  return (condition.where ?? []).every((clause) => holdsClause(clause, item?.[clause.attribute]));
}

function holdsClause(clause: Clause, stored: unknown): boolean {
  switch (clause.is) {
    case "absent":
      return stored === undefined;
    case "present":
      return stored !== undefined;
    case "=":
      return stored === clause.value;
    case "<>":
      return stored !== clause.value;
    case "<":
    case "<=":
    case ">":
    case ">=":
      return holdsOrder(clause.is, compare(stored, clause.value));
  }
}

function holdsOrder(operator: "<" | "<=" | ">" | ">=", order: number | undefined): boolean {
  if (order === undefined) return false;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** Numbers by value, text by its bytes; values of two kinds, and booleans, have no order. */
function compare(stored: unknown, value: string | number | boolean): number | undefined {
  if (typeof stored === "number" && typeof value === "number") return stored - value;
  if (typeof stored === "string" && typeof value === "string") {
    return Buffer.compare(Buffer.from(stored), Buffer.from(value));
  }
  return undefined;
}
