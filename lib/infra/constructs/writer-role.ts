import { Aws, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { writerStatements, writerTagNames } from "../../platform/aws/writer-scope.ts";
import type { Config } from "../config.ts";
import { acknowledgeStars } from "../stars.ts";
import type { Stored } from "./storage.ts";

interface WriterRoleProps {
  readonly config: Config;
  readonly stored: Stored;
  /** The functions' own roles: who may take this one on. */
  readonly writers: readonly iam.IRole[];
}

/** The role that a writer takes on for one account. What it reaches follows from the session's tags, without which it reaches nothing. */
export function writerRole(scope: Construct, { config, stored, writers }: WriterRoleProps): iam.Role {
  const stack = Stack.of(scope);
  const tags = Object.fromEntries(writerTagNames.map((name) => [`aws:RequestTag/${name}`, "false"]));
  const role = new iam.Role(scope, "WriterScope", {
    description: "What a writer reaches for one account at a time",
    assumedBy: new iam.CompositePrincipal(
      ...writers.map((writer) => new iam.ArnPrincipal(writer.roleArn).withConditions({ Null: tags }).withSessionTags()),
    ),
  });
  const secretArnPrefix = stack.formatArn({ service: "secretsmanager", resource: `secret:${config.name}/` });
  const statements = writerStatements({
    tableArn: stored.table.tableArn,
    bucketArn: stored.bucket.bucketArn,
    secretArnPrefix,
    keyArn: stored.key.keyArn,
    keyUsers: ["s3", "dynamodb", "secretsmanager"].map((service) => `${service}.${Aws.REGION}.${Aws.URL_SUFFIX}`),
  });
  for (const statement of statements) role.addToPrincipalPolicy(iam.PolicyStatement.fromJson(statement));
  const stars = statements
    .flatMap((statement) => statement.Resource)
    .filter((resource) => resource.endsWith("*"))
    .map((resource) => ({ resource, reason: "The tag of the session stands before the star: it is one account's." }));
  acknowledgeStars(role.node.findChild("DefaultPolicy"), stars);
  return role;
}
