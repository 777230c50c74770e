import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";

/** Deletes every version of every object, page by page, and answers how many; what arrives meanwhile is met by the next page. A bucket that is not there counts as empty. */
export async function emptyBucket(client: S3Client, bucket: string, signal: AbortSignal): Promise<number> {
  const options = { abortSignal: signal };
  let count = 0;
  for (;;) {
    const page = await client
      .send(new ListObjectVersionsCommand({ Bucket: bucket }), options)
      .catch((error: unknown) => {
        if (error instanceof Error && error.name === "NoSuchBucket") return { Versions: [], DeleteMarkers: [] };
        throw error;
      });
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    if (found.length === 0) return count;
    const Objects = found.map(({ Key = "", VersionId }) => ({ Key, ...(VersionId ? { VersionId } : {}) }));
    const answer = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      options,
    );
    const [refused] = answer.Errors ?? [];
    if (refused !== undefined) throw new Error(`${bucket}/${refused.Key} cannot be deleted: ${refused.Message}`);
    count += Objects.length;
  }
}
