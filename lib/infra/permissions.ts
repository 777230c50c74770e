import { Aws } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as logs from "aws-cdk-lib/aws-logs";
import type { AwsCall } from "../platform/aws/aws-call.ts";
import { groupOf, type Places, parts, resourceOf } from "./call-resources.ts";
import type { Stored } from "./constructs/storage.ts";
import type { Star } from "./stars.ts";

/** One statement of a policy, and the stars in it. */
export interface Permission {
  readonly statement: iam.PolicyStatement;
  readonly stars: readonly Star[];
}

/** What lets a function make its declared calls, and what those need behind them; nothing else. */
export function permissionsFor(calls: readonly AwsCall[], places: Places): readonly Permission[] {
  const all = [...calls, ...impliedBy(calls)].filter((call) => !isListing(call));
  const groups = [...new Set(all.map(groupOf))].sort();
  return [
    ...groups.map((group) => permission(group, all, places)),
    ...listingsOf(calls, places.stored),
    ...keyUse(calls, places.stored),
  ];
}

/**
 * Calls that a declared one brings along, and that no test can count on seeing: an upload in parts that breaks is aborted, a
 * put whose answer was lost looks whose object is there, and the later parts of a large download name the first one's version.
 */
export function impliedBy(calls: readonly AwsCall[]): readonly AwsCall[] {
  return calls.flatMap((call) => {
    const { action, resource } = parts(call);
    return (brought[action] ?? []).map((also): AwsCall => `s3:${also} ${resource}`);
  });
}

const brought: Readonly<Record<string, readonly string[]>> = {
  "s3:PutObject": ["AbortMultipartUpload", "GetObject"],
  "s3:GetObject": ["GetObjectVersion"],
};

function permission(group: string, calls: readonly AwsCall[], places: Places): Permission {
  const { arns, reason, conditions } = resourceOf(group, places);
  const actions = calls.filter((call) => groupOf(call) === group).map((call) => parts(call).action);
  return {
    statement: new iam.PolicyStatement({
      actions: [...new Set(actions)].sort(),
      resources: [...arns],
      ...(conditions === undefined ? {} : { conditions }),
    }),
    stars: reason === undefined ? [] : arns.map((arn) => ({ resource: arn, reason })),
  };
}

function isListing(call: AwsCall): boolean {
  return /^s3:ListBucket(Versions|MultipartUploads)?$/.test(parts(call).action);
}

/** Listing is allowed by prefix. To read one key, `ListBucket` is needed too, without any: else S3 calls a key that is not there forbidden. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
function listingsOf(calls: readonly AwsCall[], { bucket }: Stored): readonly Permission[] {
  const prefixes = new Map<string, string[]>();
  for (const { action, resource } of calls.filter(isListing).map(parts))
    prefixes.set(action, [...(prefixes.get(action) ?? []), `${resource.replace("bucket/", "")}/*`]);
  const listings = [...prefixes].map(([action, listed]) => ({
    actions: [action],
    conditions: { StringLike: { "s3:prefix": [...new Set(listed)].sort() } },
  }));
  const isReader = calls.some((call) => /^s3:(Get|Put)Object/.test(call));
  const looksUp = { actions: ["s3:ListBucket"], conditions: { Null: { "s3:prefix": "true" } } };
  return [...listings, ...(isReader ? [looksUp] : [])].map((statement) => ({
    statement: new iam.PolicyStatement({ ...statement, resources: [bucket.bucketArn] }),
    stars: [],
  }));
}

/** Services whose data the key encrypts. */
const keyUsers = ["dynamodb", "s3", "secretsmanager", "states"];

/** The key may be used, but only through the services that a function calls. */
function keyUse(calls: readonly AwsCall[], { key }: Stored): readonly Permission[] {
  const used = keyUsers.filter((service) => calls.some((call) => call.startsWith(`${service}:`)));
  if (used.length === 0) return [];
  const statement = new iam.PolicyStatement({
    actions: [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    resources: [key.keyArn],
    conditions: {
      StringEquals: { "kms:ViaService": used.map((service) => `${service}.${Aws.REGION}.${Aws.URL_SUFFIX}`) },
    },
  });
  return [{ statement, stars: [] }];
}

/** Lets a function write its own log. */
export function logsTo(logGroup: logs.ILogGroup): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [logGroup.logGroupArn],
  });
}

/** Lets Lambda put aside, in a function's name, an event that the function could not handle. */
export function sendingTo(queueArn: string): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ["sqs:SendMessage"], resources: [queueArn] });
}

/** X-Ray knows no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html */
export function tracing(): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources: ["*"] });
}

/** What Lambda needs to put a function into a VPC; describing knows no resources: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
const interfaceActions = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/** Lets Lambda put a function into a VPC, and the function's own code do nothing of the kind. */
export function interfaces(ownArn: string): readonly iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions: interfaceActions, resources: ["*"] }),
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: interfaceActions,
      resources: ["*"],
      conditions: { ArnEquals: { "lambda:SourceFunctionArn": ownArn } },
    }),
  ];
}
