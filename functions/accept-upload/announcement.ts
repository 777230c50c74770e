import * as z from "zod";

/** An upload as AWS told of it. */
export interface Announcement {
  readonly bucket: string;
  readonly key: string;
  /** S3 names the version, Transfer Family does not. */
  readonly version?: string;
  /** Unknown after a rename. */
  readonly bytes?: number;
  /** Whether the SFTP endpoint says that the client closed the file; S3 sees only that an object appeared. */
  readonly isWhole: boolean;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html: keys come as they are, not URL-encoded. */
const ObjectCreated = z.object({
  source: z.literal("aws.s3"),
  "detail-type": z.literal("Object Created"),
  detail: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1), size: z.int().min(0), "version-id": z.string().min(1) }),
  }),
});

/** https://docs.aws.amazon.com/transfer/latest/userguide/events-detail-reference.html: paths are `/<bucket>/<key>`. */
const UploadCompleted = z.object({
  source: z.literal("aws.transfer"),
  "detail-type": z.literal("SFTP Server File Upload Completed"),
  detail: z.object({ "file-path": z.string().min(1), bytes: z.int().min(0) }),
});

const RenameCompleted = z.object({
  source: z.literal("aws.transfer"),
  "detail-type": z.literal("SFTP Server File Rename Completed"),
  detail: z.object({ "renamed-file-path": z.string().min(1) }),
});

const Envelope = z.discriminatedUnion("detail-type", [ObjectCreated, UploadCompleted, RenameCompleted]);

/** Reads EventBridge's envelope out of a message. Throws for one of another kind: it belongs into the dead-letter queue. */
export function announcementIn(message: string): Announcement {
  const envelope = Envelope.parse(JSON.parse(message));
  switch (envelope["detail-type"]) {
    case "Object Created": {
      const { bucket, object } = envelope.detail;
      const { key, size: bytes, "version-id": version } = object;
      return { bucket: bucket.name, key, version, bytes, isWhole: false };
    }
    case "SFTP Server File Upload Completed":
      return { ...placeIn(envelope.detail["file-path"]), bytes: envelope.detail.bytes, isWhole: true };
    case "SFTP Server File Rename Completed":
      return { ...placeIn(envelope.detail["renamed-file-path"]), isWhole: true };
  }
}

function placeIn(path: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? [];
  if (bucket === undefined || key === undefined) throw new TypeError(`${JSON.stringify(path)} is no path in a bucket`);
  return { bucket, key };
}
