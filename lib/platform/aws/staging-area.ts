import type { S3Client } from "@aws-sdk/client-s3";
import type { STSClient } from "@aws-sdk/client-sts";
import { s3StagingArea } from "../../destinations/aws/s3-staging-area.ts";
import { stagingPolicy } from "../../destinations/aws/staging-policy.ts";
import type { StagingArea } from "../../destinations/destination.ts";
import { stagingPrefix } from "../../flows/store/keys.ts";
import type { AccountId } from "../../model/ids.ts";
import { narrowedSession } from "./writer-credentials.ts";

interface StagingAreaOptions {
  /** With the session of a writer for the account. */
  readonly s3: S3Client;
  /** With the keys of the process. */
  readonly sts: () => Promise<STSClient>;
  readonly bucket: string;
  readonly region: string;
  readonly roleArn: string;
  /** The key that the bucket is encrypted with. */
  readonly keyArn: string;
}

/** An account's place in our bucket for batches on their way, and keys by which its warehouse reads one plan's files for an hour. */
export function openStagingArea(options: StagingAreaOptions, accountId: AccountId): StagingArea {
  const { s3, sts, bucket, region, roleArn, keyArn } = options;
  const partition = keyArn.split(":")[1] ?? "aws";
  return s3StagingArea({
    client: s3,
    address: { bucket, region, prefix: stagingPrefix(accountId) },
    credentials: async (prefix) => {
      const policy = stagingPolicy({ bucket }, prefix, { partition, keyArn });
      const session = await narrowedSession({ client: await sts(), roleArn }, accountId, policy);
      const { accessKeyId, secretAccessKey, sessionToken = "" } = session;
      return { accessKeyId, secretAccessKey, sessionToken };
    },
  });
}
