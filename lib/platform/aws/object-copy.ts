import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { isAbsence, isNoVersion } from "./object-errors.ts";
import { isVersioned } from "./object-keys.ts";
import { statusOf } from "./retry.ts";

export interface CopyTarget {
  readonly client: S3Client;
  readonly bucket: string;
  readonly from: { readonly key: string; readonly versionId: string | undefined };
  readonly to: string;
  /** What S3 copies in one call. @default 256 MiB */
  readonly partBytes?: number;
}

/** Well under S3's 5 GB, so that each call is answered soon: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
const partBytesDefault = 256 * 1024 * 1024;
const partsMax = 10_000;
const partsAtOnce = 8;

/** Copies within the bucket, all parts of one version. Answers false where there is no such object (any more). */
export async function copyObject(target: CopyTarget): Promise<boolean> {
  const { client, bucket, from, to, partBytes = partBytesDefault } = target;
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: from.key, VersionId: from.versionId }));
    const source = {
      CopySource: sourceOf(bucket, from.key, isVersioned(from.key) ? head.VersionId : undefined),
      CopySourceIfMatch: head.ETag,
    };
    const bytes = head.ContentLength ?? 0;
    if (bytes > partBytes) await copyInParts({ ...target, partBytes }, source, bytes);
    // Tags stay behind: reading them would take a right of its own.
    else await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, ...source, TaggingDirective: "REPLACE" }));
    return true;
  } catch (error) {
    const isNone =
      isAbsence(error) || (from.versionId !== undefined && (isNoVersion(error) || statusOf(error) === 400));
    if (isNone) return false;
    throw error;
  }
}

function sourceOf(bucket: string, key: string, versionId: string | undefined): string {
  const path = `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
}

type Source = { readonly CopySource: string; readonly CopySourceIfMatch: string | undefined };

async function copyInParts(
  { client, bucket, to, partBytes }: Required<CopyTarget>,
  source: Source,
  bytes: number,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: to }));
  const upload = { Bucket: bucket, Key: to, UploadId };
  const partSize = Math.max(partBytes, Math.ceil(bytes / partsMax));
  const numbers = Array.from({ length: Math.ceil(bytes / partSize) }, (_, index) => index + 1);
  const done: CompletedPart[] = [];
  const waiting = numbers.values();
  const work = async () => {
    for (const PartNumber of waiting) {
      const start = (PartNumber - 1) * partSize;
      const CopySourceRange = `bytes=${start}-${Math.min(bytes, start + partSize) - 1}`;
      const part = new UploadPartCopyCommand({ ...upload, ...source, PartNumber, CopySourceRange });
      const { CopyPartResult } = await client.send(part);
      done[PartNumber - 1] = { PartNumber, ETag: CopyPartResult?.ETag };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(partsAtOnce, numbers.length) }, work));
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: done } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}
