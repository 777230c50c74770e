import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";

/** Where everything is kept, as the stacks that use it see it. */
export interface Stored {
  readonly bucket: s3.Bucket;
  /** Of access logs (S3, CloudTrail has its own). */
  readonly accessLogs: s3.Bucket;
  readonly table: dynamodb.Table;
  /** Encrypts bucket, table, secrets, logs, queues and topics; its policy lets the services in question use it for this installation. */
  readonly key: kms.Key;
}
