import { S3Failure } from "./s3-objects.ts";
import { copySourceOf, type S3Request } from "./s3-request.ts";
import { type KnownKey, signerOf } from "./s3-signature.ts";

/** A call as IAM sees it. */
export interface S3Call {
  readonly accessKeyId: string;
  readonly action: string;
  /** `arn:aws:s3:::bucket` or `arn:aws:s3:::bucket/key`. */
  readonly resource: string;
  /** Of a list; undefined where all of the bucket would be listed. */
  readonly prefix?: string;
}

/** Who may do what in a bucket. */
export interface S3Access {
  readonly region: string;
  /** The account that owns the bucket. */
  readonly owner: string;
  readonly keys: ReadonlyMap<string, KnownKey>;
  isAllowed(call: S3Call): boolean;
}

const actions: Readonly<Record<string, string>> = {
  ListObjectsV2: "ListBucket",
  GetObject: "GetObject",
  HeadObject: "GetObject",
  PutObject: "PutObject",
  CopyObject: "PutObject",
  CreateMultipartUpload: "PutObject",
  UploadPart: "PutObject",
  CompleteMultipartUpload: "PutObject",
  AbortMultipartUpload: "AbortMultipartUpload",
  DeleteObject: "DeleteObject",
};

/** Refuses what S3 would: a wrong signature, another region, another owner, a right that is lacking. Answers whether the caller may know which keys there are. */
export function checkAccess(operation: string, request: S3Request, access: S3Access): boolean {
  const { accessKeyId, region } = signerOf(request, access.keys);
  if (region !== access.region) throw new WrongRegion(access.region);
  const bucket = `arn:aws:s3:::${request.bucket}`;
  const asked = (action: string, key: string, more: Pick<S3Call, "prefix"> = {}) =>
    access.isAllowed({
      ...{ accessKeyId, action: `s3:${action}`, resource: key === "" ? bucket : `${bucket}/${key}` },
      ...more,
    });
  const owner = request.headers["x-amz-expected-bucket-owner"];
  const isOurs = owner === undefined || owner === access.owner;
  const prefix = request.query.get("prefix");
  const more = operation === "ListObjectsV2" && prefix !== null ? { prefix } : {};
  const source = operation === "CopyObject" ? copySourceOf(request).key : undefined;
  const isSourceOpen = source === undefined || asked("GetObject", source);
  if (!isOurs || !isSourceOpen || !asked(actions[operation] ?? operation, request.key, more))
    throw new S3Failure(403, "AccessDenied", "Access Denied");
  return asked("ListBucket", "");
}

/** Signed for another region than the bucket's. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class WrongRegion extends S3Failure {
  readonly region: string;

  constructor(region: string) {
    super(
      301,
      "PermanentRedirect",
      "The bucket you are attempting to access must be addressed using the specified endpoint.",
    );
    this.region = region;
  }
}
