import type { StagingArea } from "../destination.ts";

/** The most that a policy for one session may be: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const charactersMax = 2_048;

/** The session policy by which a warehouse reads what is staged under a prefix, and nothing else. `keyArn`: the key the bucket is encrypted with. */
export function stagingPolicy(
  { bucket }: Pick<StagingArea["address"], "bucket">,
  prefix: string,
  { partition = "aws", keyArn }: { readonly partition?: string; readonly keyArn?: string } = {},
): string {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: [`${arn}/${prefix}*`] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: [arn],
        Condition: { StringLike: { "s3:prefix": `${prefix}*` } },
      },
      ...(keyArn === undefined ? [] : [{ Effect: "Allow", Action: ["kms:Decrypt"], Resource: [keyArn] }]),
    ],
  });
  if (policy.length > charactersMax) throw new TypeError("a staging policy is too long");
  return policy;
}
