/**
 * Whether an event meets a rule's pattern: exact values and prefixes, which is all that our rules use; another matcher throws.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function meetsPattern(event: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((wanted) => meetsValue(event, wanted));
  if (typeof event !== "object" || event === null) return false;
  return Object.entries(pattern as object).every(([field, wanted]) =>
    meetsPattern((event as Readonly<Record<string, unknown>>)[field], wanted),
  );
}

function meetsValue(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  const { prefix, ...others } = wanted as { readonly prefix?: string };
  if (prefix === undefined || Object.keys(others).length > 0)
    throw new TypeError(`the matcher ${JSON.stringify(wanted)} is not known here`);
  return typeof found === "string" && found.startsWith(prefix);
}
