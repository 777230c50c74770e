import type { Template } from "aws-cdk-lib/assertions";
import { resourcesOf } from "./installation.ts";

/** One action on one resource that a policy allows; the resource as flat text, references by their names. */
export interface Allowed {
  readonly action: string;
  readonly resource: string;
  readonly condition: unknown;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Everything that the role of a function is allowed, by the function's physical name. */
export function allowedTo(template: Template, functionName: string): readonly Allowed[] {
  const made = resourcesOf(template, "AWS::Lambda::Function").find(
    ({ properties }) => properties["FunctionName"] === functionName,
  );
  if (made === undefined) throw new TypeError(`there is no function ${functionName}`);
  return allowedToRole(template, (made.properties["Role"] as { "Fn::GetAtt": [string] })["Fn::GetAtt"][0]);
}

/** Everything that a role is allowed, by its id in the template. */
function allowedToRole(template: Template, roleId: string): readonly Allowed[] {
  const policies = resourcesOf(template, "AWS::IAM::Policy").filter(({ properties }) =>
    (properties["Roles"] as { Ref: string }[]).some(({ Ref }) => Ref === roleId),
  );
  return policies.flatMap(({ properties }) => {
    const { Statement } = properties["PolicyDocument"] as { Statement: readonly Statement[] };
    return Statement.filter(({ Effect }) => Effect === "Allow").flatMap(spread);
  });
}

function spread({ Action, Resource, Condition = null }: Statement): Allowed[] {
  const resources = (Array.isArray(Resource) ? Resource : [Resource]).map(flat);
  return [Action].flat().flatMap((action) => resources.map((resource) => ({ action, resource, condition: Condition })));
}

/** A value of a template as one line of text. */
export function flat(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(flat).join("");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, given]) => (name === "Fn::Join" ? flat((given as [string, unknown])[1]) : flat(given)))
    .join("");
}
