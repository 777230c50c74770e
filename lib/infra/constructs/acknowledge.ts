import { Stack, Validations } from "aws-cdk-lib";
import type * as s3 from "aws-cdk-lib/aws-s3";
import type { IConstruct } from "constructs";

/** Says why a finding of cdk-nag is meant to be so. One finding, one construct, one reason. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** The same for a policy that names an ARN with `*` in it. The ARN may not come from another stack. */
export function acknowledgeArn(construct: IConstruct, arn: string, reason: string): void {
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${asFound(Stack.of(construct).resolve(arn))}]`, reason);
}

/** The same for a policy that reaches every object under a prefix of the bucket: there is no other way to allow a folder. */
export function acknowledgePrefix(construct: IConstruct, bucket: s3.Bucket, prefix: string, reason: string): void {
  const [own, others] = [Stack.of(construct), Stack.of(bucket)];
  const arn: unknown = own.resolve(own === others ? bucket.bucketArn : others.exportValue(bucket.bucketArn));
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${asFound(arn)}/${prefix}/*]`, reason);
}

/** A value with CloudFormation's functions in it, spelt as cdk-nag spells it. */
function asFound(value: unknown): string {
  if (typeof value === "string") return value;
  const reference = value as {
    readonly Ref?: string;
    readonly "Fn::GetAtt"?: readonly [string, string];
    readonly "Fn::ImportValue"?: string;
    readonly "Fn::Join"?: readonly [string, readonly unknown[]];
  };
  if (reference.Ref !== undefined) return `<${reference.Ref}>`;
  if (reference["Fn::GetAtt"] !== undefined) return `<${reference["Fn::GetAtt"].join(".")}>`;
  if (reference["Fn::ImportValue"] !== undefined) return reference["Fn::ImportValue"];
  if (reference["Fn::Join"] === undefined) throw new TypeError(`unknown to cdk-nag: ${JSON.stringify(value)}`);
  const [delimiter, parts] = reference["Fn::Join"];
  return parts.map(asFound).join(delimiter);
}
