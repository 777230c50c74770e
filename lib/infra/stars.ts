import { Stack } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import { acknowledge } from "./constructs/acknowledge.ts";

/** A resource of a policy that ends in a star, and why it must. */
export interface Star {
  readonly resource: string;
  readonly reason: string;
}

/**
 * Says why the stars of a policy are there, one by one, by the names that cdk-nag finds them under. Done when the tree
 * is validated: only then are references into other stacks spelt as the template spells them.
 */
export function acknowledgeStars(policy: IConstruct, stars: readonly Star[]): void {
  policy.node.addValidation({
    validate: () => {
      for (const { resource, reason } of stars)
        acknowledge(policy, `AwsSolutions-IAM5[Resource::${flat(Stack.of(policy).resolve(resource))}]`, reason);
      return [];
    },
  });
}

/** One line of text for a value of a template, spelt as cdk-nag does. */
function flat(value: unknown): string {
  if (typeof value === "string") return value.replaceAll("${", "<").replaceAll("}", ">");
  const [[name, given] = ["", undefined]] = Object.entries(value as Record<string, unknown>);
  switch (name) {
    case "Fn::Join": {
      const [delimiter, items] = given as [string, unknown[]];
      return items.map(flat).join(delimiter);
    }
    case "Fn::GetAtt":
      return `<${(given as unknown[]).map(flat).join(".")}>`;
    case "Fn::ImportValue":
    case "Fn::Sub":
      return flat(given);
    case "Ref":
      return `<${flat(given)}>`;
    default:
      return JSON.stringify(value);
  }
}
