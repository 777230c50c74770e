import { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Config } from "../config.ts";
import { acknowledgePrefix } from "./acknowledge.ts";
import type { Stored } from "./storage.ts";

interface RoleProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket" | "key">;
}

/**
 * What sessions of all users may do together: upload, and fetch results. Each user's own session policy cuts it down to
 * the folders of that user; Transfer Family takes the role on for users of this server only.
 */
export function userRole(scope: Construct, props: RoleProps & { readonly serverId: string }): iam.Role {
  const { stored } = props;
  const role = transferRole(scope, "UserRole", {
    description: "Sessions of SFTP users: inbox and results",
    sourceArns: [`user/${props.serverId}/*`],
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "ListFolders",
      actions: ["s3:ListBucket"],
      resources: [stored.bucket.bucketArn],
      conditions: { StringLike: { "s3:prefix": ["inbox/*", "results/*"] } },
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "Upload",
      // Copying and deleting is how a rename is done; a read is how an upload is resumed.
      actions: ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:AbortMultipartUpload"],
      resources: [stored.bucket.arnForObjects("inbox/*")],
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "FetchResults",
      actions: ["s3:GetObject", "s3:GetObjectVersion"],
      resources: [stored.bucket.arnForObjects("results/*")],
    }),
  );
  useKeyThroughS3(role, stored);
  acknowledgePrefix(
    role,
    stored.bucket,
    "inbox",
    "All users upload below it; each session's policy names the user's own folder.",
  );
  acknowledgePrefix(
    role,
    stored.bucket,
    "results",
    "All users read below it; each session's policy names the user's own folder.",
  );
  return role;
}

/** What the workflow may do that tags what came of an upload that broke off. */
export function partialUploadsRole(scope: Construct, { stored }: RoleProps): iam.Role {
  const role = transferRole(scope, "PartialUploadsRole", {
    description: "Tags what came of an SFTP upload that broke off",
    // The server needs this role before it has an id.
    sourceArns: ["workflow/*", "server/*"],
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "Tag",
      // https://docs.aws.amazon.com/transfer/latest/userguide/workflow-execution-role.html
      actions: [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectTagging",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
      ],
      resources: [stored.bucket.arnForObjects("inbox/*")],
    }),
  );
  useKeyThroughS3(role, stored);
  acknowledgePrefix(role, stored.bucket, "inbox", "Whose upload breaks off is not known before.");
  return role;
}

interface TransferRoleProps {
  readonly description: string;
  /** What of Transfer Family, in this account and region, may take the role on. */
  readonly sourceArns: readonly string[];
}

function transferRole(scope: Construct, id: string, props: TransferRoleProps): iam.Role {
  const stack = Stack.of(scope);
  return new iam.Role(scope, id, {
    description: props.description,
    assumedBy: new iam.ServicePrincipal("transfer.amazonaws.com", {
      conditions: {
        StringEquals: { "aws:SourceAccount": stack.account },
        ArnLike: {
          "aws:SourceArn": props.sourceArns.map((resource) => stack.formatArn({ service: "transfer", resource })),
        },
      },
    }),
  });
}

function useKeyThroughS3(role: iam.Role, stored: RoleProps["stored"]): void {
  const { region } = Stack.of(role);
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: "KeyOfTheBucket",
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: [stored.key.keyArn],
      conditions: { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
    }),
  );
}
