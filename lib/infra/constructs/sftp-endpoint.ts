import { Aws, SecretValue } from "aws-cdk-lib";
import * as transfer from "aws-cdk-lib/aws-transfer";
import { Construct } from "constructs";
import { partialUploadTag } from "../../platform/partial-upload-tag.ts";
import type { Config } from "../config.ts";
import type { SftpPlace } from "./functions.ts";
import { serviceLog } from "./log-group.ts";
import { partialUploadsRole, userRole } from "./sftp-roles.ts";
import type { Stored } from "./storage.ts";

/**
 * Named, because CloudFormation would otherwise take the policy of 2018 with SHA-1 in it. Policies since 2025 also have
 * post-quantum key exchange: https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
 */
const securityPolicy = "TransferSecurityPolicy-2025-03";

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Transfer Family's own
const originalFile = "${original.file}";

interface SftpEndpointProps {
  readonly config: Config;
  readonly stored: Pick<Stored, "bucket" | "key">;
}

/** The SFTP server that uploaders reach from anywhere with their own keys. Users are made at run time, each confined to folders of its own. */
export class SftpEndpoint extends Construct implements SftpPlace {
  readonly serverId: string;
  readonly serverArn: string;
  readonly host: string;
  readonly userRoleArn: string;
  /** Empty where AWS generated the host key: Transfer Family tells it on request only. */
  readonly hostKeyFingerprint: string;

  constructor(scope: Construct, id: string, { config, stored }: SftpEndpointProps) {
    super(scope, id);
    const log = serviceLog(this, "Log", { config, key: stored.key, service: "sftp" });
    const workflow = this.tagPartialUploads();
    const { sftpHostName, sftpHostKeySecret } = config;
    const server = new transfer.CfnServer(this, "Server", {
      protocols: ["SFTP"],
      domain: "S3",
      endpointType: "PUBLIC",
      identityProviderType: "SERVICE_MANAGED",
      securityPolicyName: securityPolicy,
      // Clients that set times or modes after an upload would fail on S3.
      protocolDetails: { setStatOption: "ENABLE_NO_OP" },
      s3StorageOptions: { directoryListingOptimization: "ENABLED" },
      structuredLogDestinations: [log.logGroupArn],
      workflowDetails: {
        onPartialUpload: [
          { workflowId: workflow.attrWorkflowId, executionRole: partialUploadsRole(this, { config, stored }).roleArn },
        ],
      },
      ...(sftpHostKeySecret === null ? {} : { createWithHostKey: false }),
      // Shown in the AWS console. The name itself is a CNAME that points to the server's own.
      ...(sftpHostName === null ? {} : { tags: [{ key: "transfer:customHostname", value: sftpHostName }] }),
    });
    this.serverId = server.attrServerId;
    this.serverArn = server.attrArn;
    this.host = sftpHostName ?? `${server.attrServerId}.server.transfer.${Aws.REGION}.${Aws.URL_SUFFIX}`;
    this.userRoleArn = userRole(this, { config, stored, serverId: server.attrServerId }).roleArn;
    this.hostKeyFingerprint = sftpHostKeySecret === null ? "" : this.importHostKey(sftpHostKeySecret);
  }

  /** Runs where a session ends while a file is open; what is there of it is an object like any other, but for this tag. */
  private tagPartialUploads(): transfer.CfnWorkflow {
    return new transfer.CfnWorkflow(this, "PartialUploads", {
      description: "Marks what came of an upload that broke off",
      steps: [
        {
          type: "TAG",
          // CloudFormation's own spelling: the CDK takes these details as they are.
          tagStepDetails: {
            Name: "mark-partial",
            SourceFileLocation: originalFile,
            Tags: [{ Key: partialUploadTag.key, Value: partialUploadTag.value }],
          },
        },
      ],
    });
  }

  /** Clients remember a server by its host key, so a server made anew must show the old one. CloudFormation reads the secret; the template holds its name only. */
  private importHostKey(secretArn: string): string {
    const key = new transfer.CfnHostKey(this, "HostKey", {
      serverId: this.serverId,
      description: "Imported from Secrets Manager",
      hostKeyBody: SecretValue.secretsManager(secretArn).unsafeUnwrap(),
    });
    return key.attrHostKeyFingerprint;
  }
}
