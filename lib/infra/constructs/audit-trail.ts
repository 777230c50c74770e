import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as cloudtrail from "aws-cdk-lib/aws-cloudtrail";
import * as iam from "aws-cdk-lib/aws-iam";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { Config } from "../config.ts";
import type { Stored } from "./storage.ts";

interface AuditTrailProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket" | "accessLogs" | "table">;
}

/** Days that the trail is kept. */
const keptDays = 365;

/** Folders whose objects people send, fetch or lose; all else our functions write, many times a minute. */
const auditedPrefixes = ["inbox", "results", "archive"] as const;

/**
 * Who read, wrote or deleted customers' files, by CloudTrail, in a bucket of its own. $0.10 for 100,000 such events, and
 * what the bucket holds: https://aws.amazon.com/cloudtrail/pricing/. Who changed the stack, CloudTrail's own history of 90 days tells without it.
 */
export class AuditTrail extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { config, stored }: AuditTrailProps) {
    super(scope, id);
    const trailName = `${config.name}-audit`;
    this.bucket = new s3.Bucket(this, "Bucket", {
      versioned: true,
      // CloudTrail signs its digests itself; S3's own key needs no policy for it.
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      serverAccessLogsBucket: stored.accessLogs,
      serverAccessLogsPrefix: "audit-trail/",
      lifecycleRules: [
        { id: "expire", expiration: Duration.days(keptDays), noncurrentVersionExpiration: Duration.days(1) },
        { id: "abort-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy: config.removalPolicy === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.admitTrail(trailName);
    const trail = new cloudtrail.CfnTrail(this, "Trail", {
      trailName,
      s3BucketName: this.bucket.bucketName,
      isLogging: true,
      isMultiRegionTrail: false,
      includeGlobalServiceEvents: false,
      enableLogFileValidation: true,
      advancedEventSelectors: [
        {
          name: "Files of customers",
          fieldSelectors: [
            { field: "eventCategory", equalTo: ["Data"] },
            { field: "resources.type", equalTo: ["AWS::S3::Object"] },
            {
              field: "resources.ARN",
              startsWith: auditedPrefixes.map((prefix) => stored.bucket.arnForObjects(`${prefix}/`)),
            },
          ],
        },
      ],
    });
    if (this.bucket.policy !== undefined) trail.node.addDependency(this.bucket.policy);
  }

  /** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
  private admitTrail(trailName: string): void {
    const stack = Stack.of(this);
    const trailArn = stack.formatArn({ service: "cloudtrail", resource: "trail", resourceName: trailName });
    const principals = [new iam.ServicePrincipal("cloudtrail.amazonaws.com")];
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "TrailLooks",
        principals,
        actions: ["s3:GetBucketAcl"],
        resources: [this.bucket.bucketArn],
        conditions: { StringEquals: { "aws:SourceArn": trailArn } },
      }),
    );
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "TrailWrites",
        principals,
        actions: ["s3:PutObject"],
        resources: [this.bucket.arnForObjects(`AWSLogs/${stack.account}/*`)],
        conditions: { StringEquals: { "aws:SourceArn": trailArn, "s3:x-amz-acl": "bucket-owner-full-control" } },
      }),
    );
  }
}
