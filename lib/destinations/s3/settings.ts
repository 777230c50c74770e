import * as z from "zod";
import { defaultPartitions, partitionFault } from "./partition.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketPattern =
  /^(?!.*\.\.)(?!\d{1,3}(\.\d{1,3}){3}$)(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const regionPattern = /^[a-z]{2}(-[a-z]{2,12}){1,3}-\d{1,2}$/;
/** No `.` and `..` as a folder, nothing that a URL, an IAM policy or SQL would read otherwise. */
const prefixPattern = /^([A-Za-z0-9_=-][A-Za-z0-9._=-]{0,99}(\/[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,99}){0,9})?$/;
const rolePattern = /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/([A-Za-z0-9+=,.@_-]+\/)*[A-Za-z0-9+=,.@_-]{1,64}$/;
/** A host, and a port where it is not the usual one; no path, no user. */
const endpointPattern = /^https?:\/\/[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?$/;

const formats = ["parquet", "ndjson"] as const;

const accessKeyId = z
  .string()
  .regex(/^[A-Za-z0-9_+/=-]{3,128}$/, "an access key ID has letters and digits only")
  .optional()
  .meta({ label: "Access key ID", help: "Of an IAM user for this purpose alone. Leave empty to use a role." });

const secretAccessKey = z
  .string()
  .regex(/^[!-~]{3,256}$/, "a secret access key has no spaces")
  .optional()
  .meta({ label: "Secret access key", help: "Kept encrypted and never shown.", secret: true });

const roleArn = z
  .string()
  .regex(rolePattern, "write the role's ARN, such as arn:aws:iam::123456789012:role/warehouse-sync")
  .optional()
  .meta({
    label: "Role ARN",
    help: "Instead of keys: a role of your account that ours takes on, with the external ID that the setup script shows.",
  });

const endpoint = z
  .string()
  .regex(endpointPattern, "write https://host or https://host:port, without a path")
  .refine((text) => URL.canParse(text), "this host or port cannot be reached by any address")
  .optional()
  .meta({
    label: "Endpoint",
    help: "Only for a store that is not AWS's and speaks its protocol, where the operator allows that. It must honour If-None-Match.",
    identity: true,
  });

/** Fields and labels of the product's form, and named additions: Role ARN, Prefix, Format, Partitions, Bucket owner, Endpoint. */
export const settings = z
  .object({
    bucket: z
      .string()
      .regex(bucketPattern, "write the bucket's bare name: small letters, digits, dots and hyphens")
      .meta({ label: "Bucket", help: "The bucket's name, without s3://.", identity: true }),
    region: z
      .string()
      .regex(regionPattern, "write the region's code, such as eu-west-1")
      .meta({ label: "Bucket location (region)", help: "Where the bucket is, such as eu-west-1.", identity: true }),
    accessKeyId,
    secretAccessKey,
    roleArn,
    prefix: z
      .string()
      .regex(prefixPattern, "use letters, digits, = _ - . and / between folders, none at either end")
      .default("")
      .meta({
        label: "Prefix",
        help: "Folder in the bucket that everything goes to; empty for its root.",
        identity: true,
      }),
    format: z.enum(formats).default("parquet").meta({
      label: "Format",
      help: "parquet (smaller, typed) or ndjson (gzip, a JSON object a line).",
      identity: true,
    }),
    partitions: z
      .string()
      .max(300)
      .refine((template) => partitionFault(template) === undefined, {
        error: ({ input }) => partitionFault(String(input)),
      })
      .default(defaultPartitions)
      .meta({
        label: "Partition template",
        help: "Folders below the prefix: {object} is the table; {yyyy} {mm} {dd} {hh} the time of the sync, {event_yyyy} {event_mm} the month of the events, in UTC.",
      }),
    bucketOwner: z
      .string()
      .regex(/^\d{12}$/, "an AWS account has twelve digits")
      .optional()
      .meta({
        label: "Bucket owner",
        help: "The AWS account that owns the bucket. Given, a bucket of that name in any other account is refused.",
      }),
    endpoint,
  })
  .refine((given) => given.roleArn !== undefined || given.accessKeyId !== undefined, {
    path: ["accessKeyId"],
    error: "give an access key, or a role ARN",
  })
  .refine((given) => (given.accessKeyId === undefined) === (given.secretAccessKey === undefined), {
    path: ["secretAccessKey"],
    error: "an access key ID and its secret go together",
  })
  .refine((given) => given.roleArn === undefined || given.accessKeyId === undefined, {
    path: ["roleArn"],
    error: "give keys or a role, not both",
  })
  .refine((given) => given.roleArn === undefined || given.endpoint === undefined, {
    path: ["roleArn"],
    error: "roles are AWS's own: a store with an endpoint of its own takes keys",
  });

export type S3Settings = z.infer<typeof settings>;
