import type { ScriptTarget } from "../destination.ts";
import { athenaStatements } from "./athena.ts";
import { endpointPolicy, permissionPolicy, trustPolicy } from "./policies.ts";
import type { S3Settings } from "./settings.ts";
import { duckdbViews } from "./views.ts";

/** What the bucket's owner runs once: policies, then the views by which the bucket reads as tables. Running it again changes nothing. */
export function setupScript(given: Partial<S3Settings>, target: ScriptTarget): string {
  const { bucket = "your-bucket", region = "us-east-1", prefix = "", format = "parquet", roleArn, accessKeyId } = given;
  const place = { bucket, region, prefix, format };
  const views = { base: `s3://${bucket}/`, prefix, format, tablePrefix: target.tablePrefix };
  const [takesRole, takesKeys] = [accessKeyId === undefined, roleArn === undefined];
  return [
    "-- For the administrator of the AWS account that owns the bucket. Policies are JSON, between /* and */.",
    lines(
      `1. The bucket ${bucket} in ${region}. Leave it private, and versioned if it is; keep lifecycle rules away from it,`,
      "   but for one that aborts incomplete uploads after 7 days.",
    ),
    lines(
      `2. What ${grantee(takesRole, takesKeys)} may do. With a KMS key of your own on the bucket, also kms:GenerateDataKey`,
      "   and kms:Decrypt on that.",
    ),
    comment(permissionPolicy(place, target.tablePrefix)),
    ...(takesRole ? ["-- 3. With a role: who may take it on.", comment(trustPolicy(target))] : []),
    ...(takesKeys ? ["-- 3. With keys: make an access key of that user, and give it to us with its secret."] : []),
    lines(
      "4. Optional, as bucket policy: only by way of our network. Buckets in our region are reached through a VPC endpoint,",
      "   never from the egress addresses, so a condition on aws:SourceIp would shut us out.",
    ),
    comment(endpointPolicy({ ...place, roleArn }, target)),
    "-- 5. Athena, one statement at a time.",
    ...athenaStatements(views),
    "-- 6. DuckDB, in place of 5, with `INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);`",
    ...duckdbViews(views),
    "",
  ].join("\n\n");
}

function comment(policy: unknown): string {
  return `/*\n${JSON.stringify(policy, null, 2)}\n*/`;
}

function grantee(takesRole: boolean, takesKeys: boolean): string {
  if (takesRole && takesKeys) return "the IAM user or role";
  return takesRole ? "the role" : "the IAM user";
}

function lines(...texts: readonly string[]): string {
  return texts.map((text) => `-- ${text}`).join("\n");
}
