/** Calls that are declared and that no scene makes, each with why, and where else it is made. */
export const exemptCalls: Readonly<Record<string, string>> = {
  "publish-import: states:StartExecution machine/consolidate":
    "after a hundred entries or 20 million rows: test/consolidate/start-when-full.test.ts",
  "writer: s3:AbortMultipartUpload bucket/plan":
    "of an upload in parts that breaks: test/ports/aws-files-quirks.test.ts",
  "writer: s3:AbortMultipartUpload bucket/quarantine": "the same",
  "writer: s3:AbortMultipartUpload bucket/staging": "staged files are put in one piece",
  "writer: s3:GetObject bucket/staging":
    "by the warehouse, with keys of its own: test/platform/aws/staging-area.test.ts",
  "writer: s3:PutObject bucket/staging": "of kinds that load from our bucket: test/platform/aws/staging-area.test.ts",
  "writer: s3:DeleteObject bucket/staging": "the same",
  "writer: s3:ListBucket bucket/staging": "the same",
  "writer: s3:ListBucket bucket/quarantine": "where a file of a plan is gone: test/platform/aws/confined-files.test.ts",
  "writer: s3:ListBucket bucket/state": "the same",
  "writer: s3:ListBucket bucket/change": "the same",
  "writer: s3:GetObjectVersion bucket/plan": "of a download in parts: test/ports/aws-files-quirks.test.ts",
  "writer: s3:GetObjectVersion bucket/state": "the same",
  "writer: s3:GetObjectVersion bucket/change": "the same",
};
