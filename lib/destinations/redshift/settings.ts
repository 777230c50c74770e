import * as z from "zod";

/** Redshift serves on these ports: https://docs.aws.amazon.com/redshift/latest/mgmt/rs-security-group-public-private.html */
export const portRanges = [
  [5_431, 5_455],
  [8_191, 8_215],
] as const;

const arn = (service: string, resource: string) =>
  new RegExp(`^arn:aws(-[a-z-]+)?:${service}:[a-z0-9-]*:\\d{12}:${resource}[\\w+=,.@:/-]{1,400}$`);
const roleArn = z.string().regex(arn("iam", "role/"), "write the ARN of a role: arn:aws:iam::123456789012:role/name");
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "write a region such as eu-west-1");
const name = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "write it without control characters");

/** Fields and labels of the product's form; then what the second transport and the staging bucket need. */
const fields = z.object({
  host: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,253}$/, "write the bare host name, without jdbc:, https:// and port")
    .refine(isRedshiftHost, "write the endpoint of a cluster or workgroup, or your own domain name for it")
    .optional()
    .meta({
      label: "Host URL",
      help: "Endpoint of the cluster or workgroup, or its custom domain name, reachable from our egress addresses.",
      identity: true,
    }),
  database: name(127).meta({ label: "Database", help: "Name of the database.", identity: true }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .default(5439)
    .meta({ label: "Port", help: "Usually 5439; from 5431 to 5455 or from 8191 to 8215.", identity: true }),
  schema: name(127)
    .default("public")
    .meta({ label: "Schema", help: "Where the tables are, or shall be.", identity: true }),
  username: name(127)
    .optional()
    .meta({ label: "Username", help: "A user for this purpose alone; the setup script makes it." }),
  password: name(1_000)
    .optional()
    .meta({ label: "Database password", help: "Kept encrypted and never shown.", secret: true }),
  transport: z.enum(["password", "data-api"]).default("password").meta({
    label: "Reached by",
    help: "password: TLS to host and port. data-api: Amazon's Data API, by a role of your AWS account; nothing has to be opened to the network.",
  }),
  roleArn: roleArn.optional().meta({
    label: "Role ARN",
    help: "Data API: a role of your AWS account that may call redshift-data, and that trusts ours with this connection's external ID (see the setup script).",
  }),
  clusterIdentifier: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/)
    .optional()
    .meta({ label: "Cluster identifier", help: "Data API: of a provisioned cluster.", identity: true }),
  workgroup: z
    .string()
    .regex(/^[a-z0-9-]{3,64}$/)
    .optional()
    .meta({ label: "Workgroup", help: "Data API: of Redshift Serverless.", identity: true }),
  secretArn: z
    .string()
    .regex(arn("secretsmanager", "secret:"), "write the ARN of a secret")
    .optional()
    .meta({ label: "Secret ARN", help: "Data API: a secret of yours that holds user and password." }),
  databaseUser: name(127).optional().meta({
    label: "Database user",
    help: "Data API, clusters only: the user for whom temporary credentials are drawn, instead of a secret.",
  }),
  region: region.optional().meta({
    label: "Region",
    help: "Data API: of the cluster or workgroup; read from Host URL where that is given.",
    identity: true,
  }),
  iamRole: roleArn.optional().meta({
    label: "IAM role for COPY",
    help: "A role attached to the cluster that may read the staging bucket. Without it, COPY gets keys that are good for this batch's files and for an hour.",
  }),
  stagingBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "write the bare name of a bucket")
    .optional()
    .meta({
      label: "Staging bucket",
      help: "A bucket of your own for batches on their way, needed where this installation has none (on one machine).",
    }),
  stagingRegion: region.optional().meta({ label: "Staging bucket's region", help: "Such as eu-west-1." }),
  stagingPrefix: z
    .string()
    .regex(/^([A-Za-z0-9_-]{1,60}\/){0,5}$/, "end it with a slash")
    .default("warehouse-sync/")
    .meta({ label: "Staging prefix", help: "Begins the keys of all that we put there." }),
  stagingAccessKeyId: z
    .string()
    .regex(/^[A-Z0-9]{16,128}$/)
    .optional()
    .meta({ label: "Staging access key ID", help: "May put, list, get and delete under the prefix." }),
  stagingSecretAccessKey: z
    .string()
    .regex(/^[A-Za-z0-9/+=]{16,128}$/)
    .optional()
    .meta({ label: "Staging secret access key", help: "Kept encrypted and never shown.", secret: true }),
  sslmode: z.enum(["verify-full", "disable"]).default("verify-full").meta({
    label: "SSL mode",
    help: "verify-full encrypts and checks the server's certificate. disable works only where the server's address is private.",
  }),
  caCertificate: z.string().max(100_000).optional().meta({
    label: "CA certificate",
    help: "PEM text of the authority that signed the server's certificate, where that is not a public one.",
  }),
});

/** What the transport and the staging bucket need is there. */
export const settings = fields.superRefine((given, context) => {
  const require = (field: keyof typeof given, why: string) => {
    if (given[field] === undefined) context.addIssue({ code: "custom", path: [field], message: `is needed ${why}` });
  };
  if (given.transport === "password") {
    for (const field of ["host", "username", "password"] as const) require(field, "to log in by password");
  } else {
    require("roleArn", "for the Data API");
    if (given.region === undefined && regionOf(given.host) === undefined) require("region", "for the Data API");
    if ((given.clusterIdentifier === undefined) === (given.workgroup === undefined))
      context.addIssue({
        code: "custom",
        path: ["workgroup"],
        message: "is needed for the Data API, or else the cluster identifier; not both",
      });
    if (given.databaseUser !== undefined && given.workgroup !== undefined)
      context.addIssue({ code: "custom", path: ["databaseUser"], message: "is for clusters only; use a secret" });
  }
  if (given.stagingBucket !== undefined) {
    for (const field of ["stagingRegion", "stagingAccessKeyId", "stagingSecretAccessKey"] as const)
      require(field, "with a staging bucket");
  }
});

export type RedshiftSettings = z.infer<typeof settings>;

/** `<cluster>.<hash>.<region>.redshift.amazonaws.com`, `<workgroup>.<account>.<region>.redshift-serverless.amazonaws.com`. */
const awsHost = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?$/i;

/** Custom domain names are the customer's own; among Amazon's names only Redshift's will do. https://docs.aws.amazon.com/redshift/latest/mgmt/connection-CNAME.html */
function isRedshiftHost(host: string): boolean {
  if (awsHost.test(host)) return true;
  return !/(^|\.)(amazonaws\.com(\.cn)?|aws\.dev|amazon\.com|api\.aws)\.?$/i.test(host) && host.includes(".");
}

/** The region that an endpoint names; undefined for a custom domain name. */
export function regionOf(host: string | undefined): string | undefined {
  return awsHost.exec(host ?? "")?.[1]?.toLowerCase();
}
