import * as z from "zod";
import { defaultTablePrefix } from "../model/tables.ts";

const onOff = z.union([
  z.boolean(),
  z.enum(["on", "off", "true", "false"]).transform((word) => word === "on" || word === "true"),
]);

/** `-c` hands over text only: numbers come as digits, objects as JSON. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (given) => (typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given),
    z.number().int().min(min).max(max),
  );
const object = <S extends z.ZodRawShape>(shape: S) => z.preprocess(jsonWhereText, z.strictObject(shape).nullable());

const hostName = z.string().regex(/^(?=.{4,253}$)([a-z0-9-]{1,63}\.)+[a-z]{2,63}$/);
const allocationId = z.string().regex(/^eipalloc-[0-9a-f]{8,17}$/);
const certificateArn = z.string().regex(/^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/);

/** Days that CloudWatch Logs can keep: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] as const;

/** What an operator may choose, by the words of `-c key=value` and of `context` in cdk.json. */
export const options = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,23}$/)
    .default("warehouse-sync")
    .describe("First part of every name in the account: 2 to 24 small letters, digits and hyphens"),
  natGateways: z
    .preprocess(
      (given) => (given === 0 || given === 1 ? String(given) : given),
      z.enum(["0", "1", "per-zone"]).default("1"),
    )
    .describe("NAT gateways with fixed addresses: 0, 1 or per-zone; with 0 the writers run without a VPC"),
  zones: whole(1, 3).default(2).describe("Availability zones of our own VPC: 1 to 3"),
  vpc: object({
    id: z.string().regex(/^vpc-[0-9a-f]{8,17}$/),
    zones: z.array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/)).min(1),
    privateSubnetIds: z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/)).min(1),
    egressAddresses: z.array(z.ipv4()).default([]),
  })
    .default(null)
    .describe("An existing VPC: {id, zones, privateSubnetIds (one per zone), egressAddresses}"),
  sftp: onOff.default(true).describe("SFTP endpoint: on or off"),
  sftpHostName: hostName.nullable().default(null).describe("Your own host name for SFTP"),
  sftpHostKeySecret: z
    .string()
    .regex(/^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:.+$/)
    .nullable()
    .default(null)
    .describe("ARN of the secret that holds the SFTP server's private host key"),
  apiDomain: object({
    name: hostName,
    certificateArn,
    hostedZone: z
      .strictObject({ id: z.string().regex(/^Z[A-Z0-9]+$/), name: hostName })
      .nullable()
      .default(null),
  })
    .default(null)
    .describe("Your own name for the API: {name, certificateArn, hostedZone: {id, name}}"),
  egressIps: z
    .preprocess(jsonWhereText, z.array(z.strictObject({ allocationId: allocationId, address: z.ipv4() })))
    .default([])
    .describe("Elastic IPs that you have already, one per NAT gateway: [{allocationId, address}]; else they are made"),
  tablePrefix: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,30}$/)
    .default(defaultTablePrefix)
    .describe(
      "Begins the names of tables in warehouses, where a connection chooses no other: small letters, digits, _",
    ),
  logRetentionDays: whole(1, 3653)
    .default(30)
    .refine((days) => (retentionDays as readonly number[]).includes(days), `one of ${retentionDays.join(", ")}`)
    .describe("Days that logs are kept"),
  removalPolicy: z
    .enum(["retain", "destroy"])
    .default("retain")
    .describe("What becomes of the data when its stack is deleted: retain or destroy"),
  alarmEmail: z.email().nullable().default(null).describe("Who is told of alarms"),
  alarmsPaused: onOff.default(false).describe("Alarms tell nobody: on or off"),
  runbookUrl: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null)
    .describe("Where docs/runbook.md can be read, for the links in alarms"),
  auditTrail: onOff.default(false).describe("CloudTrail with an own bucket: on or off"),
  architecture: z.enum(["arm64", "x86_64"]).default("arm64").describe("Processor of the functions: arm64 or x86_64"),
  extraLibraries: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Folder of shared libraries to pack beside DuckDB's"),
});

/** The options as the stacks see them: parsed once, complete. */
export type Config = z.infer<typeof options>;

/** An option is unknown or its value not allowed. The message names key, given and allowed. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
}

/** Keys that the CDK or its command line put into the context. */
const foreignKeys = /[:/@]|^(cli-|acknowledged-issue-numbers$|notices$)/;

/** Reads the options out of a CDK context. Keys with `:` or `/` are the CDK's own. Throws `ConfigInvalid`. */
export function configFrom(context: Readonly<Record<string, unknown>>): Config {
  const own = Object.fromEntries(Object.entries(context).filter(([key]) => !foreignKeys.test(key)));
  const parsed = options.safeParse(own);
  if (!parsed.success) throw new ConfigInvalid(parsed.error.issues.map((issue) => textOf(issue, own)).join("\n"));
  const contradiction = contradictionOf(parsed.data);
  if (contradiction !== null) throw new ConfigInvalid(contradiction);
  return parsed.data;
}

function textOf(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0)
    return `there is no option ${issue.keys.join(", ")}; options are ${Object.keys(options.shape).join(", ")}`;
  const key = String(issue.path[0]);
  const allowed = (options.shape as Record<string, z.ZodType>)[key]?.description ?? "";
  const place = issue.path.length > 1 ? ` (${issue.path.slice(1).join(".")}: ${issue.message})` : "";
  return `option ${key} cannot be ${JSON.stringify(given[key])}${place}; allowed: ${allowed}`;
}

function contradictionOf(config: Config): string | null {
  const { vpc, natGateways, egressIps, sftp, sftpHostName, sftpHostKeySecret } = config;
  const gateways = vpc === null ? natGatewayCount(config) : 0;
  if (egressIps.length > 0 && egressIps.length !== gateways)
    return `option egressIps names ${egressIps.length} addresses, and there are ${gateways} NAT gateways of ours; give one each`;
  if (vpc !== null && vpc.zones.length !== vpc.privateSubnetIds.length)
    return `option vpc names ${vpc.zones.length} zones and ${vpc.privateSubnetIds.length} private subnets; give one subnet per zone`;
  if (vpc !== null && natGateways === "per-zone")
    return "option natGateways cannot be per-zone with an existing vpc; its own routes decide how writers leave";
  if (!sftp && (sftpHostName !== null || sftpHostKeySecret !== null))
    return "options sftpHostName and sftpHostKeySecret need sftp to be on";
  return null;
}

/** How many NAT gateways an own VPC gets. */
export function natGatewayCount({ natGateways, zones }: Pick<Config, "natGateways" | "zones">): number {
  return natGateways === "per-zone" ? zones : Number(natGateways);
}

function jsonWhereText(given: unknown): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
