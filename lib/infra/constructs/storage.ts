import { Aws, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kms from "aws-cdk-lib/aws-kms";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { ttlAttribute } from "../../platform/aws/table-items.ts";
import type { Config } from "../config.ts";

/** Where everything is kept, as the stacks that use it see it. */
export interface Stored {
  readonly bucket: s3.Bucket;
  /** Of the access logs of S3. */
  readonly accessLogs: s3.Bucket;
  readonly table: dynamodb.Table;
  /** Encrypts bucket, table, secrets, logs, queues and topics; its policy lets the services in question use it for this account. */
  readonly key: kms.Key;
}

/** Prefixes whose objects are the product's memory; a mistaken delete can be undone for a week. */
const durablePrefixes = ["archive", "results", "intake", "state", "change", "plan", "quarantine"] as const;
/** Prefixes of scratch, and after how many days nobody reads it any more, whatever the sweep has missed. */
const scratchPrefixes = { work: 30, dispatch: 2, staging: 1 } as const;

/** Bucket, table and the key of both. They outlive their stack unless the options say otherwise; a bucket must be emptied before it can go. */
export class Storage extends Construct implements Stored {
  readonly bucket: s3.Bucket;
  readonly accessLogs: s3.Bucket;
  readonly table: dynamodb.Table;
  readonly key: kms.Key;

  constructor(scope: Construct, id: string, { config }: { readonly config: Config }) {
    super(scope, id);
    const isKept = config.removalPolicy === "retain";
    const removalPolicy = isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.key = new kms.Key(this, "Key", {
      description: `Everything that ${config.name} stores`,
      alias: `alias/${config.name}`,
      enableKeyRotation: true,
      removalPolicy,
    });
    for (const statement of servicesThatUseTheKey(Stack.of(this))) this.key.addToResourcePolicy(statement);
    this.accessLogs = this.makeAccessLogs(config, removalPolicy);
    this.bucket = new s3.Bucket(this, "Bucket", {
      versioned: true,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      ...closed,
      serverAccessLogsBucket: this.accessLogs,
      serverAccessLogsPrefix: "bucket/",
      lifecycleRules: lifecycleRules(),
      removalPolicy,
    });
    announceUploads(this.bucket);
    this.table = new dynamodb.Table(this, "Table", {
      partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
      sortKey: { name: "sk", type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: ttlAttribute,
      deletionProtection: isKept,
      removalPolicy,
    });
  }

  /** The one bucket without access logs of its own, and with S3's own key: log delivery can write to no other. https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html */
  private makeAccessLogs(config: Config, removalPolicy: RemovalPolicy): s3.Bucket {
    return new s3.Bucket(this, "AccessLogs", {
      encryption: s3.BucketEncryption.S3_MANAGED,
      ...closed,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        { id: "expire", expiration: Duration.days(config.logRetentionDays) },
        { id: "abort-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy,
    });
  }
}

const closed = {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const satisfies s3.BucketProps;

function lifecycleRules(): s3.LifecycleRule[] {
  return [
    { id: "abort-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
    { id: "forget-deletions", expiredObjectDeleteMarker: true },
    // An older version of an upload is an upload still: importing it removes exactly that version.
    { id: "inbox", prefix: "inbox/", noncurrentVersionExpiration: Duration.days(30) },
    ...durablePrefixes.map((prefix) => ({
      id: prefix,
      prefix: `${prefix}/`,
      noncurrentVersionExpiration: Duration.days(7),
    })),
    ...Object.entries(scratchPrefixes).map(([prefix, days]) => ({
      id: prefix,
      prefix: `${prefix}/`,
      expiration: Duration.days(days),
      noncurrentVersionExpiration: Duration.days(1),
    })),
  ];
}

/** As `eventBridgeEnabled` does, without the function that the CDK would deploy to say the same. */
function announceUploads(bucket: s3.Bucket): void {
  const resource = bucket.node.defaultChild as s3.CfnBucket;
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}

/** Each may use the key for this account's resources only, so that nobody can make it their deputy. */
function servicesThatUseTheKey(stack: Stack): iam.PolicyStatement[] {
  const ofThisAccount = { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } };
  return [
    new iam.PolicyStatement({
      sid: "LogGroups",
      principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
      actions: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
      resources: ["*"],
      conditions: {
        ArnLike: { "kms:EncryptionContext:aws:logs:arn": stack.formatArn({ service: "logs", resource: "*" }) },
      },
    }),
    // Step Functions encrypts what it sends to a log: https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    new iam.PolicyStatement({
      sid: "LogsOfMachines",
      principals: [new iam.ServicePrincipal("delivery.logs.amazonaws.com")],
      actions: ["kms:Decrypt"],
      resources: ["*"],
      conditions: {
        StringLike: { "kms:EncryptionContext:SourceArn": stack.formatArn({ service: "logs", resource: "*" }) },
      },
    }),
    ...["events", "cloudwatch"].map(
      (service) =>
        new iam.PolicyStatement({
          sid: service === "events" ? "EventsToQueues" : "AlarmsToTopics",
          principals: [new iam.ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
          resources: ["*"],
          conditions: ofThisAccount,
        }),
    ),
  ];
}
