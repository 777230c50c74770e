import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { SyncError } from "../../model/errors.ts";
import { type RoleRequest, roleKeys } from "../aws/assume-role.ts";
import { type AwsKeys, dialledClient } from "../aws/dialled-client.ts";
import type { OpenOptions, Target } from "../destination.ts";
import { type S3Errors, s3Errors } from "./errors.ts";
import { type Objects, openObjects } from "./objects.ts";
import type { S3Settings } from "./settings.ts";

export interface S3Connection extends Disposable {
  readonly objects: Objects;
  readonly errors: S3Errors;
  /** Whose host is dialled; `isEncrypted` where by TLS. */
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** A client of the bucket, none of whose connections is made but by the checked dialler. */
export function connectS3(settings: S3Settings, target: Target, options: OpenOptions): S3Connection {
  const { bucket, region, bucketOwner } = settings;
  requireEndpointAllowed(settings, options);
  const errors = s3Errors({ bucket, region, secrets: [settings.secretAccessKey ?? "", target.externalId ?? ""] });
  const endpoint = settings.endpoint ?? options.awsEndpoints?.["s3"];
  const isAmazon = settings.endpoint === undefined;
  const own: S3ClientConfig = {
    followRegionRedirects: false,
    forcePathStyle: endpoint !== undefined || bucket.includes("."),
    // Stores that are not AWS's may refuse checksums: https://github.com/aws/aws-sdk-js-v3/issues/6819
    requestChecksumCalculation: isAmazon ? "WHEN_SUPPORTED" : "WHEN_REQUIRED",
    responseChecksumValidation: isAmazon ? "WHEN_SUPPORTED" : "WHEN_REQUIRED",
  };
  const client = dialledClient(
    class extends S3Client {
      constructor(config: S3ClientConfig) {
        super({ ...config, ...own });
      }
    },
    {
      dial: options.dial,
      signal: options.signal,
      region,
      endpoint,
      credentials: keysOf(settings, target, options, errors),
    },
  );
  return {
    objects: openObjects(client, { bucket, owner: bucketOwner, signal: options.signal, errors }),
    errors,
    ...placeOf(settings, endpoint),
    [Symbol.dispose]: () => client.destroy(),
  };
}

function keysOf(
  { accessKeyId = "", secretAccessKey = "", roleArn, region }: S3Settings,
  { externalId }: Target,
  options: OpenOptions,
  errors: S3Errors,
): () => Promise<AwsKeys> {
  if (roleArn !== undefined) return roleKeys(roleRequest(roleArn, { externalId, region, options, errors }));
  return async () => ({ accessKeyId, secretAccessKey });
}

/** How a role is asked for, by the name under which its refusal is told. */
export function roleRequest(
  roleArn: string,
  scope: Omit<RoleRequest, "roleArn" | "errorOf"> & { readonly errors: S3Errors },
): RoleRequest {
  const { errors, ...rest } = scope;
  return { ...rest, roleArn, errorOf: (thrown) => errors.of(thrown, `sts:AssumeRole of ${roleArn}`) };
}

/** The host that requests go to: https://docs.aws.amazon.com/general/latest/gr/s3.html */
function placeOf({ bucket, region }: S3Settings, endpoint: string | undefined) {
  if (endpoint !== undefined) {
    const { hostname: host, port, protocol } = new URL(endpoint);
    const isEncrypted = protocol === "https:";
    return { host, port: port === "" ? (isEncrypted ? 443 : 80) : Number(port), isEncrypted };
  }
  const service = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return { host: bucket.includes(".") ? service : `${bucket}.${service}`, port: 443, isEncrypted: true };
}

function requireEndpointAllowed({ endpoint }: S3Settings, options: OpenOptions): void {
  if (endpoint === undefined || options.allowsEndpoints === true) return;
  throw new SyncError("SETTINGS_INVALID", {
    message: "endpoint: this installation writes to Amazon S3 only; its operator can allow other stores",
  });
}
