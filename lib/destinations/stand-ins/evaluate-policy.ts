/** A statement as our policies have them: allows, with all conditions to hold. */
interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A call as IAM sees it. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Whether a policy allows a call: a small part of IAM's evaluation, strict where it knows no better (an operator that
 * it does not know throws, a variable without a value matches nothing).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(statements: readonly Statement[], asked: Asked): boolean {
  const context = asked.context ?? {};
  return statements.some(
    (statement) =>
      statement.Effect === "Allow" &&
      statement.Action.some((action) => isLike(action, asked.action)) &&
      statement.Resource.some((resource) => isLike(filled(resource, context), asked.resource)) &&
      Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) => holds(operator, context[key], listOf(wanted), context)),
      ),
  );
}

type Context = NonNullable<Asked["context"]>;

function holds(
  operator: string,
  found: string | readonly string[] | undefined,
  wanted: readonly string[],
  context: Context,
): boolean {
  const values = found === undefined ? [] : listOf(found);
  const patterns = wanted.map((pattern) => filled(pattern, context));
  const isOneOf = (value: string) => patterns.includes(value);
  switch (operator) {
    case "Null":
      return wanted.includes(String(found === undefined));
    case "StringEquals":
      return values.some(isOneOf);
    case "StringLike":
    case "ArnLike":
      return values.some((value) => patterns.some((pattern) => isLike(pattern, value)));
    case "ForAllValues:StringEquals":
      return values.every(isOneOf);
    default:
      throw new TypeError(`the operator ${operator} is not known here`);
  }
}

/** Stands for a variable without a value: no text of ours holds it. */
const nothing = "\u{0}";

function filled(pattern: string | undefined, context: Context): string {
  return (pattern ?? nothing).replace(/\$\{([^}]+)\}/g, (_, key: string) => {
    const value = context[key];
    return typeof value === "string" ? value : nothing;
  });
}

/** `*` is any text, `?` one character. */
function isLike(pattern: string, value: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(value);
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
