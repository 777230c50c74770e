import type { IncomingMessage } from "node:http";
import type { Asked } from "../../../../lib/destinations/stand-ins/evaluate-policy.ts";
import { copySourceOf, type S3Request, takeApart } from "../../../../lib/destinations/stand-ins/s3/s3-request.ts";

const arnOf = (bucket: string, key = "") => (key === "" ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`);

/** What a request to S3 asks of IAM. https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
export function askedOfS3(message: IncomingMessage): readonly Asked[] {
  const request = takeApart(message);
  return request.key === "" ? [askedOfBucket(request)] : askedOfObject(request);
}

/** What reading an absent object asks as well: else it counts as forbidden. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function askedToLearnOfAbsence(message: IncomingMessage): Asked {
  return { action: "s3:ListBucket", resource: arnOf(takeApart(message).bucket) };
}

function askedOfBucket({ bucket, query }: S3Request): Asked {
  const kind = query.has("versions") ? "Versions" : query.has("uploads") ? "MultipartUploads" : "";
  const prefix = query.get("prefix");
  const context = prefix === null ? {} : { "s3:prefix": prefix };
  return { action: `s3:ListBucket${kind}`, resource: arnOf(bucket), context };
}

function askedOfObject(request: S3Request): readonly Asked[] {
  const { bucket, key, query, headers, method } = request;
  const resource = arnOf(bucket, key);
  const version = query.has("versionId") ? "Version" : "";
  const tagging = query.has("tagging") ? "Tagging" : "";
  switch (method) {
    case "GET":
    case "HEAD":
      return [{ action: `s3:GetObject${version}${tagging}`, resource }];
    case "DELETE":
      return [{ action: query.has("uploadId") ? "s3:AbortMultipartUpload" : `s3:DeleteObject${version}`, resource }];
    default:
      return [
        { action: `s3:PutObject${tagging}`, resource },
        ...(headers["x-amz-copy-source"] === undefined ? [] : [askedOfSource(request)]),
      ];
  }
}

function askedOfSource(request: S3Request): Asked {
  const { key, versionId } = copySourceOf(request);
  return { action: `s3:GetObject${versionId === undefined ? "" : "Version"}`, resource: arnOf(request.bucket, key) };
}
