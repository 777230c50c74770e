import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";
import { Storage } from "../constructs/storage.ts";
import { pascalCase } from "../names.ts";

/** What must not be lost: bucket, table and key, apart from all that can be made again. */
export class DataStack extends Stack {
  readonly storage: Storage;

  constructor(scope: Construct, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, `${pascalCase(config.name)}Data`, {
      description: "Warehouse Sync: bucket, table and key",
      terminationProtection: config.removalPolicy === "retain",
      ...props,
    });
    this.storage = new Storage(this, "Storage", { config });
    new CfnOutput(this, "BucketName", { value: this.storage.bucket.bucketName });
    new CfnOutput(this, "AccessLogsBucketName", { value: this.storage.accessLogs.bucketName });
    new CfnOutput(this, "TableName", { value: this.storage.table.tableName });
  }
}
