import type { Stack } from "aws-cdk-lib";
import type { Environment } from "../../platform/aws/environment.ts";
import { machineArn } from "../names.ts";
import type { FunctionsProps } from "./functions.ts";

/** Where each writer alone finds its role. */
type Shared = Omit<Record<keyof Environment, string>, "WS_WRITER_ROLE_ARN">;

/** What every function finds in its environment: where things are, no secrets. Its reader is `lib/platform/aws/environment.ts`. */
export function functionEnvironment(stack: Stack, props: FunctionsProps): Readonly<Record<string, string>> {
  const { config, stored, network, sftp, version } = props;
  const environment: Shared = {
    WS_NAME: config.name,
    WS_VERSION: version,
    WS_TABLE: stored.table.tableName,
    WS_BUCKET: stored.bucket.bucketName,
    WS_SECRET_PREFIX: `${config.name}/`,
    WS_KMS_KEY_ARN: stored.key.keyArn,
    WS_STATE_MACHINE_PREFIX: machineArn(stack, config.name, ""),
    WS_WRITER_PREFIX: `${config.name}-writer-`,
    WS_KINDS: network.writers.map(({ kind }) => kind).join(","),
    WS_TABLE_PREFIX: config.tablePrefix,
    WS_SFTP_SERVER_ID: sftp?.serverId ?? "",
    WS_SFTP_ROLE_ARN: sftp?.userRoleArn ?? "",
    WS_SFTP_HOST: sftp?.host ?? "",
    WS_SFTP_HOST_KEY_FINGERPRINT: sftp?.hostKeyFingerprint ?? "",
    WS_EGRESS_ADDRESSES: network.egressAddresses.join(","),
  };
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  return { ...Object.fromEntries(given), NODE_OPTIONS: "--enable-source-maps" };
}
