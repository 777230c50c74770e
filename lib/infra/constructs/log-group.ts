import { RemovalPolicy } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as logs from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";

interface ServiceLogProps {
  readonly config: Config;
  readonly key: kms.IKey;
  /** Which service of AWS writes it. */
  readonly service: "states" | "sftp" | "api";
}

/**
 * The log group that a service of AWS writes for us: encrypted, kept for as long as the options say, gone with the
 * stack. Under `/aws/vendedlogs/`, where one policy serves every group and cannot outgrow its limit:
 * https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
 */
export function serviceLog(scope: Construct, id: string, { config, key, service }: ServiceLogProps): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    logGroupName: `/aws/vendedlogs/${config.name}/${service}`,
    retention: config.logRetentionDays,
    encryptionKey: key,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
