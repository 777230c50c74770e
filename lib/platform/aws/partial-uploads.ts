import { GetObjectTaggingCommand, type S3Client } from "@aws-sdk/client-s3";
import { partialUploadTag } from "../partial-upload-tag.ts";

/** Of an object that is gone there is nothing to know, and nothing to import. */
const goneNames = ["NoSuchKey", "NoSuchVersion", "NotFound", "MethodNotAllowed"];

/** Whether an SFTP session ended in the middle of this upload, as Transfer Family's workflow tagged it. */
export function partialUploads(client: S3Client, bucket: string): (key: string, version: string) => Promise<boolean> {
  return async (key, version) => {
    try {
      const command = new GetObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: version });
      const { TagSet = [] } = await client.send(command);
      return TagSet.some((tag) => tag.Key === partialUploadTag.key && tag.Value === partialUploadTag.value);
    } catch (error) {
      if (error instanceof Error && goneNames.includes(error.name)) return false;
      throw error;
    }
  };
}
