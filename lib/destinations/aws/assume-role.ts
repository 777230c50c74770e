import { randomUUID } from "node:crypto";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";
import { CheckFailure } from "../check-steps.ts";
import type { OpenOptions } from "../destination.ts";
import { type AwsKeys, dialledClient } from "./dialled-client.ts";

/** The most for a role taken on from another role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html */
const sessionSeconds = 3_600;

export interface RoleRequest {
  readonly roleArn: string;
  /** Random, ours, and the connection's own: without it, a customer could have us act with another customer's role. */
  readonly externalId: string | undefined;
  readonly region: string;
  readonly options: Pick<OpenOptions, "dial" | "signal" | "awsEndpoints" | "awsKeys">;
  /** What STS answered, as one of ours. */
  readonly errorOf: (thrown: unknown) => SyncError;
}

/** Keys of the customer's role, taken on with our external ID. The SDK asks again before they run out. */
export function roleKeys(request: RoleRequest): () => Promise<AwsKeys> {
  return async () => {
    if (request.externalId !== undefined) return takeOn(request, request.externalId);
    throw new SyncError("SETTINGS_INVALID", { message: "roleArn: this connection has no external ID; make a new one" });
  };
}

/** Fails where the role lets itself be taken on without our external ID: then whoever knows its name could have us use it. */
export async function requireExternalId(request: RoleRequest): Promise<void> {
  await roleKeys(request)();
  for (const other of [undefined, randomUUID()]) {
    if (!(await isTakenOn(request, other))) continue;
    throw new CheckFailure(
      `Add to the trust policy of ${request.roleArn}: "Condition": {"StringEquals": {"sts:ExternalId": "${request.externalId}"}}`,
      new SyncError("SETTINGS_INVALID", { message: "the role can be taken on without our external ID" }),
    );
  }
}

async function isTakenOn(request: RoleRequest, externalId: string | undefined): Promise<boolean> {
  try {
    await takeOn(request, externalId);
    return true;
  } catch (error) {
    if (error instanceof SyncError && error.code === "PERMISSION_DENIED") return false;
    throw error;
  }
}

async function takeOn(request: RoleRequest, externalId: string | undefined): Promise<AwsKeys> {
  const { roleArn, region, options, errorOf } = request;
  const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { dial, signal, awsEndpoints, awsKeys } = options;
  const own = awsKeys === undefined ? {} : { credentials: awsKeys };
  const client = dialledClient(STSClient, { dial, signal, region, endpoint: awsEndpoints?.["sts"], ...own });
  try {
    const asked = { RoleArn: roleArn, RoleSessionName: "warehouse-sync", DurationSeconds: sessionSeconds };
    const named = externalId === undefined ? asked : { ...asked, ExternalId: externalId };
    const { Credentials } = await client.send(new AssumeRoleCommand(named), { abortSignal: signal });
    return {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
      expiration: Credentials?.Expiration ?? new Date(0),
    };
  } catch (thrown) {
    if (signal.aborted) throw abortError(signal);
    throw errorOf(thrown);
  } finally {
    client.destroy();
  }
}
