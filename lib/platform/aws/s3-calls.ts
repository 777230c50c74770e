import type { AwsCall } from "./aws-call.ts";

type Input = Readonly<Record<string, unknown>>;

/** What one command of S3 asks of IAM. The first segment of a key is the resource: `s3:PutObject bucket/inbox`. */
export function s3CallsOf(command: string, input: Input): readonly AwsCall[] {
  const area = areaOf(input["Key"]);
  const hasVersion = input["VersionId"] !== undefined;
  switch (command) {
    case "GetObject":
    case "HeadObject":
      return [hasVersion ? `s3:GetObjectVersion ${area}` : `s3:GetObject ${area}`];
    case "GetObjectTagging":
      return [hasVersion ? `s3:GetObjectVersionTagging ${area}` : `s3:GetObjectTagging ${area}`];
    case "PutObject":
    case "CreateMultipartUpload":
      return [
        `s3:PutObject ${area}`,
        ...(input["Tagging"] === undefined ? [] : ([`s3:PutObjectTagging ${area}`] as const)),
      ];
    case "UploadPart":
    case "CompleteMultipartUpload":
      return [`s3:PutObject ${area}`];
    case "CopyObject":
    case "UploadPartCopy":
      return [...copySource(String(input["CopySource"])), `s3:PutObject ${area}`];
    case "ListParts":
      return [`s3:ListMultipartUploadParts ${area}`];
    case "DeleteObject":
      return [hasVersion ? `s3:DeleteObjectVersion ${area}` : `s3:DeleteObject ${area}`];
    case "DeleteObjects":
      return deletions(input);
    case "ListObjects":
    case "ListObjectsV2":
    case "HeadBucket":
      return [`s3:ListBucket ${areaOf(input["Prefix"])}`];
    case "ListObjectVersions":
      return [`s3:ListBucketVersions ${areaOf(input["Prefix"])}`];
    case "ListMultipartUploads":
      return [`s3:ListBucketMultipartUploads ${areaOf(input["Prefix"])}`];
    default:
      return [`s3:${command} ${area}`];
  }
}

function areaOf(key: unknown): string {
  const [first = ""] = typeof key === "string" ? key.split("/") : [];
  return first === "" ? "bucket" : `bucket/${first}`;
}

/** `<bucket>/<key>?versionId=…`, percent-encoded. */
function copySource(source: string): readonly AwsCall[] {
  const [path = "", query] = source.replace(/^\//, "").split("?");
  const area = areaOf(path.slice(path.indexOf("/") + 1));
  return [query === undefined ? `s3:GetObject ${area}` : `s3:GetObjectVersion ${area}`];
}

function deletions(input: Input): readonly AwsCall[] {
  const { Objects = [] } = (input["Delete"] ?? {}) as { Objects?: readonly { Key?: string; VersionId?: string }[] };
  const calls = Objects.map(({ Key, VersionId }): AwsCall => {
    return VersionId === undefined ? `s3:DeleteObject ${areaOf(Key)}` : `s3:DeleteObjectVersion ${areaOf(Key)}`;
  });
  return [...new Set(calls)];
}
