import type { AwsCall } from "../../platform/aws/aws-call.ts";
import {
  callsWriters,
  checks,
  clearsAway,
  deletes,
  dropsSecrets,
  type FunctionSpecs,
  gets,
  puts,
  putsAway,
  queries,
  small,
  startsConsolidation,
  startsSync,
} from "./function-spec.ts";

/** API Gateway waits no longer: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
const callSeconds = 29;

const listsUploads: AwsCall = "s3:ListBucketVersions bucket/inbox";
const asksIfPartial: AwsCall = "s3:GetObjectVersionTagging bucket/inbox";
const dropsSftpUsers: AwsCall = "transfer:DeleteUser sftp";

/** What is called from outside the machines: by the API, queues, rules and the operator. */
export const doorSpecs = {
  "answer-call": {
    memoryMb: 1_769,
    timeoutSeconds: callSeconds,
    hasEngine: true,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      checks,
      "secretsmanager:CreateSecret secret",
      "secretsmanager:PutSecretValue secret",
      "secretsmanager:GetSecretValue secret",
      dropsSecrets,
      listsUploads,
      "s3:GetObject bucket/quarantine",
      "s3:GetObject bucket/state",
      "s3:GetObject bucket/change",
      "states:StartExecution machine/check-connection",
      "states:StartExecution machine/dispatch",
      startsSync,
      callsWriters,
    ],
    sftpCalls: [
      asksIfPartial,
      "s3:PutObject bucket/inbox",
      "s3:PutObject bucket/results",
      "transfer:CreateUser sftp",
      "transfer:UpdateUser sftp",
      "transfer:TagResource sftp",
      "transfer:ImportSshPublicKey sftp",
      "transfer:DescribeUser sftp",
      "transfer:DeleteSshPublicKey sftp",
      dropsSftpUsers,
      "iam:PassRole role/sftp",
    ],
  },
  "authorize-call": { memoryMb: 512, timeoutSeconds: 10, calls: [gets] },
  "accept-upload": {
    ...small,
    // Six of these are the time that SQS hides a message.
    timeoutSeconds: 300,
    calls: [gets, puts, deletes, checks, listsUploads, ...putsAway, "states:StartExecution machine/import"],
    sftpCalls: [asksIfPartial],
  },
  "close-execution": {
    ...small,
    isAsync: true,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      "s3:PutObject bucket/results",
      ...putsAway,
      dropsSecrets,
      callsWriters,
      ...["import", "consolidate", "sync", "dispatch", "check-connection"].map(
        (machine): AwsCall => `states:DescribeExecution machine/${machine}`,
      ),
      "states:StartExecution machine/import",
    ],
  },
  sweep: {
    ...small,
    isAsync: true,
    calls: [
      gets,
      queries,
      puts,
      deletes,
      checks,
      listsUploads,
      "s3:PutObject bucket/results",
      ...putsAway,
      ...clearsAway,
      "s3:ListBucket bucket/dispatch",
      "s3:DeleteObject bucket/dispatch",
      dropsSecrets,
      callsWriters,
      "states:DescribeExecution machine/import",
      "states:StartExecution machine/import",
      "states:DescribeExecution machine/consolidate",
      startsConsolidation,
      "states:DescribeExecution machine/check-connection",
      "states:StartExecution machine/check-connection",
      "states:DescribeExecution machine/sync",
      startsSync,
    ],
    sftpCalls: [asksIfPartial, dropsSftpUsers],
  },
  "issue-operator-token": { memoryMb: 512, timeoutSeconds: 30, calls: [gets, puts, deletes] },
} as const satisfies FunctionSpecs;
