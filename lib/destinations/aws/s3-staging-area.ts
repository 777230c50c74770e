import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { SyncError } from "../../model/errors.ts";
import type { StagingArea } from "../destination.ts";
import { awsError } from "./aws-errors.ts";

export interface S3StagingOptions {
  readonly client: S3Client;
  readonly address: StagingArea["address"];
  readonly credentials: StagingArea["credentials"];
}

/** One put takes 5 GB; files of a plan are far below. https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const putBytesMax = 5_000_000_000;

/** A staging area in a bucket of S3. */
export function s3StagingArea({ client, address, credentials }: S3StagingOptions): StagingArea {
  const { bucket: Bucket, prefix } = address;
  const own = (key: string): string => {
    if (key.startsWith(prefix) && !key.includes("..")) return key;
    throw new SyncError("INVARIANT_BROKEN", { message: `${key} lies outside of ${prefix}` });
  };
  return {
    address,
    credentials: async (under) => credentials(own(under)),
    put: async (key, { bytes: Body }) => {
      if (Body.length > putBytesMax) throw new SyncError("INVARIANT_BROKEN", { message: `${key} is too large` });
      await explained(() => client.send(new PutObjectCommand({ Bucket, Key: own(key), Body })));
    },
    list: async (under) => {
      const keys: string[] = [];
      let after: string | undefined;
      do {
        const more = after === undefined ? {} : { ContinuationToken: after };
        const request = new ListObjectsV2Command({ Bucket, Prefix: own(under), ...more });
        const page = await explained(() => client.send(request));
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
        after = page.NextContinuationToken;
      } while (after !== undefined);
      return keys;
    },
    delete: async (keys) => {
      for (const key of keys) await explained(() => client.send(new DeleteObjectCommand({ Bucket, Key: own(key) })));
    },
  };
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsError(error, []);
  }
}
