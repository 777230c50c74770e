import type { ScriptTarget } from "../destination.ts";
import { dataTables, type Layout, layoutOf } from "./layout.ts";
import type { S3Settings } from "./settings.ts";

/** A statement as the policies of IAM and of buckets have them. */
interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

export type PolicyPlace = Pick<S3Settings, "bucket" | "region" | "prefix" | "format">;

/** `aws`, `aws-cn` or `aws-us-gov`: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function partitionOfRegion(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/**
 * All that we need, and no more: rows that were committed can neither be read, nor overwritten unseen, nor deleted by
 * us. Objects are deleted only where they lie staged.
 */
export function permissionPolicy(place: PolicyPlace, tablePrefix: string): Policy {
  return { Version: "2012-10-17", Statement: statementsOf(place, tablePrefix) };
}

function statementsOf(place: PolicyPlace, tablePrefix: string): readonly Statement[] {
  const layout = layoutOf(place, tablePrefix);
  const bucket = `arn:${partitionOfRegion(place.region)}:s3:::${place.bucket}`;
  const below = (folder: string) => `${bucket}/${folder}*`;
  const [data, own] = [dataTables.map((table) => layout.dataFolder(table)), ownFolders(layout)];
  const allow = { Effect: "Allow" } as const;
  return [
    {
      Sid: "Add",
      ...allow,
      Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: [...data, ...own].map(below),
    },
    { Sid: "ReadBack", ...allow, Action: ["s3:GetObject"], Resource: own.map(below) },
    { Sid: "RemoveStaged", ...allow, Action: ["s3:DeleteObject"], Resource: [below(layout.stagingRoot)] },
    {
      Sid: "List",
      ...allow,
      Action: ["s3:ListBucket"],
      Resource: [bucket],
      Condition: { StringLike: { "s3:prefix": own.map((folder) => `${folder}*`) } },
    },
  ];
}

function ownFolders(layout: Layout): readonly string[] {
  return [layout.receiptRoot, layout.stagingRoot];
}

/** Who may take the role on: we alone, and only with the external ID. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
export function trustPolicy({ principalArn, externalId }: ScriptTarget): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "WarehouseSync",
        Effect: "Allow",
        Principal: { AWS: principalArn ?? "<ARN of the writer's role: your operator knows it>" },
        Action: ["sts:AssumeRole"],
        Condition: {
          StringEquals: { "sts:ExternalId": externalId ?? "<external ID: shown once the connection is made>" },
        },
      },
    ],
  };
}

/**
 * Optional, for the bucket: nobody but through our endpoint. In one region S3 is reached through it and not from the
 * egress addresses, so `aws:SourceIp` would shut us out.
 */
export function endpointPolicy(place: PolicyPlace & Pick<S3Settings, "roleArn">, target: ScriptTarget): Policy {
  const [add] = statementsOf(place, target.tablePrefix);
  const vpcEndpoint = target.vpcEndpointId ?? "<ID of our VPC endpoint: your operator knows it>";
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "OnlyThroughOurEndpoint",
        Effect: "Deny",
        Principal: { AWS: place.roleArn ?? "<ARN of the user or role that you gave us>" },
        Action: ["s3:*"],
        Resource: [...(add?.Resource ?? [])],
        Condition: { StringNotEquals: { "aws:SourceVpce": vpcEndpoint } },
      },
    ],
  };
}
