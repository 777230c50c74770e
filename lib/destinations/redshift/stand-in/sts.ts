import { randomBytes } from "node:crypto";
import type { World } from "./world.ts";

/** A failure as an AWS service reports it. */
export class AwsFault extends Error {
  readonly status: number;

  constructor(name: string, message = name, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** The longest session of a role that was taken on from another. */
const secondsMax = 3_600;

/** STS's AssumeRole (query protocol): only roles that trust us, only with the external ID that they ask for. */
export function assumeRole(world: World, form: URLSearchParams): string {
  const role = form.get("RoleArn") ?? "";
  const trusted = world.roles.get(role);
  const externalId = form.get("ExternalId") ?? undefined;
  if (trusted === undefined || trusted.externalId !== externalId)
    throw new AwsFault("AccessDenied", `User is not authorized to perform: sts:AssumeRole on resource: ${role}`, 403);
  const seconds = Number(form.get("DurationSeconds") ?? secondsMax);
  if (seconds > secondsMax)
    throw new AwsFault("ValidationError", "DurationSeconds exceeds the limit for role chaining");
  const accessKeyId = `ASIA${randomBytes(8).toString("hex").toUpperCase()}`;
  const [secret, token] = [randomBytes(30).toString("base64"), randomBytes(60).toString("base64")];
  const endsAtMs = world.nowMs() + seconds * 1_000;
  world.keys.set(accessKeyId, { secret, token, endsAtMs, role, reads: readableOf(form.get("Policy")) });
  const credentials = `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${new Date(endsAtMs).toISOString()}</Expiration>`;
  const user = `<AssumedRoleUser><AssumedRoleId>a:b</AssumedRoleId><Arn>${role}</Arn></AssumedRoleUser>`;
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>${user}<Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

export function errorXml({ name, message }: AwsFault): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}

/** What a session policy lets be read: `bucket/prefix`. */
function readableOf(policy: string | null): string | undefined {
  if (policy === null) return undefined;
  return /"arn:aws[a-z-]*:s3:::([^"*]+)\*"/.exec(policy)?.[1];
}
