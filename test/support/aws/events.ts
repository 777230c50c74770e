import type { SQSEvent } from "aws-lambda";

/** The envelope of EventBridge around a detail, as SQS hands it over. */
function envelope(source: string, detailType: string, detail: unknown): string {
  return JSON.stringify({
    version: "0",
    id: "d232c159-59ed-7a4e-7b20-1297f16d0d90",
    "detail-type": detailType,
    source,
    account: "111122223333",
    time: "2026-11-24T12:00:00Z",
    region: "eu-central-1",
    resources: [],
    detail,
  });
}

export function objectCreated(bucket: string, key: string, version: string, bytes: number): string {
  return envelope("aws.s3", "Object Created", {
    version: "0",
    bucket: { name: bucket },
    object: { key, size: bytes, etag: "b1946ac92492d2347c6235b4d2611184", "version-id": version, sequencer: "00617F" },
    "request-id": "N4N7GDK58NMKJ12R",
    requester: "123456789012",
    "source-ip-address": "1.2.3.4",
    reason: "PutObject",
  });
}

const session = {
  protocol: "SFTP",
  "client-ip": "192.0.2.7",
  "start-timestamp": "2026-11-24T11:59:58.832234304Z",
  "end-timestamp": "2026-11-24T12:00:00.832234304Z",
  "server-id": "s-0123456789abcdef0",
  username: "ada",
  "session-id": "0292f1e12f20d1a2eddc",
  "status-code": "COMPLETED",
};

export function uploadCompleted(bucket: string, key: string, bytes: number): string {
  return envelope("aws.transfer", "SFTP Server File Upload Completed", {
    ...session,
    bytes,
    etag: "0b1f4fa3b23c325f77bba665c6c79e92",
    "file-path": `/${bucket}/${key}`,
  });
}

export function renameCompleted(bucket: string, from: string, to: string): string {
  return envelope("aws.transfer", "SFTP Server File Rename Completed", {
    ...session,
    "original-file-path": `/${bucket}/${from}`,
    "renamed-file-path": `/${bucket}/${to}`,
  });
}

/** The event source's call with these bodies; ids are `message-0`, `message-1`… */
export function sqsEvent(bodies: readonly string[]): SQSEvent {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `message-${index}`,
      receiptHandle: `handle-${index}`,
      body,
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "1764000000000",
        SenderId: "AROAEXAMPLE",
        ApproximateFirstReceiveTimestamp: "1764000000000",
      },
      messageAttributes: {},
      md5OfBody: "0",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-central-1:111122223333:warehouse-sync-uploads",
      awsRegion: "eu-central-1",
    })),
  };
}

/** A status change of Step Functions' executions, as a rule hands it to a function. */
export function executionEnded(end: { machineArn: string; name: string; status: string }): unknown {
  return JSON.parse(
    envelope("aws.states", "Step Functions Execution Status Change", {
      executionArn: `${end.machineArn.replace(":stateMachine:", ":execution:")}:${end.name}`,
      stateMachineArn: end.machineArn,
      name: end.name,
      status: end.status,
      startDate: 1_764_000_000_000,
      stopDate: 1_764_000_001_000,
      input: null,
      inputDetails: { included: false },
      output: null,
      outputDetails: null,
    }),
  );
}
