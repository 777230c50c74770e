import { type Asked, isAllowed } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import type { TemplateValues } from "./template-values.ts";

type Statements = Parameters<typeof isAllowed>[0];

interface RawStatement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Statements[number]["Condition"];
}

/** Statements of a policy document in the form in which they are evaluated. */
export function statementsIn(document: unknown): Statements {
  const { Statement } = document as { readonly Statement: readonly RawStatement[] };
  return Statement.map(({ Effect, Action, Resource = [], Condition }) => ({
    Effect,
    Action: [Action].flat(),
    Resource: [Resource].flat(),
    ...(Condition === undefined ? {} : { Condition }),
  }));
}

/** What the policies of a role allow, by its ARN, as the templates say. */
export function statementsOfRole(values: TemplateValues, roleArn: string): Statements {
  const role = values.all("AWS::IAM::Role").find((each) => each.attribute("Arn") === roleArn);
  if (role === undefined) throw new TypeError(`no template has the role ${roleArn}`);
  const name = role.attribute("Ref");
  return values
    .all("AWS::IAM::Policy")
    .filter((policy) => (policy.get("Roles") as readonly string[]).includes(name))
    .flatMap((policy) => statementsIn(policy.get("PolicyDocument")));
}

/** Who signs with a key. */
export interface Principal {
  readonly name: string;
  /** Each of them has to allow a call: the role's policies and, in a session, the session's own. Null is whoever may do anything. */
  readonly policies: readonly Statements[] | null;
  /** Of a session. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Whether a principal may make a call. */
export function may({ policies, tags }: Principal, asked: Asked): boolean {
  const tagContext = Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [`aws:PrincipalTag/${name}`, value]),
  );
  const full = { ...asked, context: { ...asked.context, ...tagContext } };
  return policies === null || policies.every((statements) => isAllowed(statements, full));
}
