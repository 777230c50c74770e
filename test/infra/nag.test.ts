import { CfnResource, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from "cdk-nag";
import type { IConstruct } from "constructs";
import { describe, expect, test } from "vitest";
import { routes } from "../../lib/http/routes.ts";
import { functionSpecs } from "../../lib/infra/function-specs.ts";
import { loadKinds } from "../../lib/infra/kinds.ts";
import { installation } from "./support/installation.ts";

const kinds = await loadKinds();
const writers = kinds.length;
const takingRoles = kinds.filter(({ takesRoles }) => takesRoles).length;

/** How often each rule is waived. Whoever adds one says so here, and why at the resource. */
const acknowledged = {
  "AwsSolutions-APIG3": 1,
  "AwsSolutions-APIG4": 1,
  "AwsSolutions-APIG6": 1,
  // Callers have tokens of ours, so no method asks Cognito: one for each route.
  "AwsSolutions-COG4": Object.keys(routes).length,
  "AwsSolutions-IAM4": 1,
  // Each writer has one: Lambda puts it into the VPC, and X-Ray knows no resources.
  // And one more where its connections may name a role of the customer's.
  "AwsSolutions-IAM5": 132 + writers + takingRoles,
  "AwsSolutions-SQS3": 3,
  "Serverless-LambdaDLQ": Object.keys(functionSpecs).length + writers,
  "Serverless-LambdaEventSourceMappingDestination": 2,
  "Serverless-SQSRedrivePolicy": 4,
};

interface Finding {
  readonly rule: string;
  readonly path: string;
}

/** What the packs find when no reason counts. */
function findingsIn(root: IConstruct): Finding[] {
  const packs: NagPack[] = [new AwsSolutionsChecks(root), new ServerlessChecks(root)];
  return packs.flatMap((pack) => {
    Object.defineProperty(pack, "isAcknowledged", { value: () => false });
    return pack
      .validateScope(root)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath = "" }) => ({ rule: ruleName, path: constructPath })),
      );
  });
}

interface Reason {
  readonly rule: string;
  readonly reason: string;
  readonly construct: IConstruct;
}

function reasonsIn(root: IConstruct): Reason[] {
  return root.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries(data as Record<string, string>).map(([id, reason]) => ({
          rule: id.replace(/^annotation::/i, ""),
          reason,
          construct,
        })),
      )
      // Other checks of the CDK are waived in the same way.
      .filter(({ rule }) => /^(AwsSolutions|Serverless)-/.test(rule)),
  );
}

describe("cdk-nag", async () => {
  const { root } = await installation();
  root.synth();
  const findings = findingsIn(root);
  const reasons = reasonsIn(root);
  const speaksOf = ({ construct, rule }: Reason, finding: Finding) =>
    rule === finding.rule && `${finding.path}/`.startsWith(`${construct.node.path}/`);

  test("finds nothing that nobody has given a reason for", () => {
    const left = findings.filter((finding) => !reasons.some((reason) => speaksOf(reason, finding)));

    expect(left).toEqual([]);
  });

  test("is answered by reasons that speak of one resource each", () => {
    const vague = reasons
      .map((reason) => ({
        reason,
        paths: new Set(findings.filter((each) => speaksOf(reason, each)).map(({ path }) => path)),
      }))
      .filter(({ paths }) => paths.size !== 1)
      .map(({ reason, paths }) => [reason.rule, reason.construct.node.path, ...paths]);

    expect(vague).toEqual([]);
    for (const { reason } of reasons) expect(reason).toMatch(/\w+ \w+/);
  });

  test("is answered as often as is written down here", () => {
    const counts: Record<string, number> = {};
    for (const { rule } of reasons) {
      const name = rule.replace(/\[.*/, "");
      counts[name] = (counts[name] ?? 0) + 1;
    }

    expect(counts).toEqual(acknowledged);
  });

  test("sees every resource of both stacks", () => {
    const seen = root.node.findAll().filter((construct) => CfnResource.isCfnResource(construct));

    expect(seen.length).toBeGreaterThan(150);
  });
});
