import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { describe, expect, test } from "vitest";
import { type AwsCall, callsOf, noteCalls } from "../../../lib/platform/aws/aws-call.ts";

describe("a command asks of IAM", () => {
  test.each<[string, string, object, readonly AwsCall[]]>([
    ["DynamoDB", "GetItem", {}, ["dynamodb:GetItem table"]],
    [
      "DynamoDB",
      "TransactWriteItems",
      { TransactItems: [{ Put: {} }, { Delete: {} }, { Put: {} }, { ConditionCheck: {} }] },
      ["dynamodb:PutItem table", "dynamodb:DeleteItem table", "dynamodb:ConditionCheckItem table"],
    ],
    ["S3", "HeadObject", { Key: "inbox/a/b" }, ["s3:GetObject bucket/inbox"]],
    ["S3", "GetObject", { Key: "inbox/a/b", VersionId: "v" }, ["s3:GetObjectVersion bucket/inbox"]],
    ["S3", "UploadPart", { Key: "state/a/b" }, ["s3:PutObject bucket/state"]],
    ["S3", "AbortMultipartUpload", { Key: "state/a/b" }, ["s3:AbortMultipartUpload bucket/state"]],
    ["S3", "DeleteObject", { Key: "inbox/a", VersionId: "v" }, ["s3:DeleteObjectVersion bucket/inbox"]],
    [
      "S3",
      "DeleteObjects",
      { Delete: { Objects: [{ Key: "work/a" }, { Key: "work/b" }] } },
      ["s3:DeleteObject bucket/work"],
    ],
    [
      "S3",
      "CopyObject",
      { Key: "archive/a", CopySource: "some-bucket/inbox/a?versionId=v" },
      ["s3:GetObjectVersion bucket/inbox", "s3:PutObject bucket/archive"],
    ],
    ["S3", "ListObjectsV2", { Prefix: "state/a/" }, ["s3:ListBucket bucket/state"]],
    ["S3", "ListObjectVersions", { Prefix: "inbox/" }, ["s3:ListBucketVersions bucket/inbox"]],
    ["S3", "GetObjectTagging", { Key: "inbox/a", VersionId: "v" }, ["s3:GetObjectVersionTagging bucket/inbox"]],
    [
      "SFN",
      "StartExecution",
      { stateMachineArn: "arn:aws:states:eu-west-1:1:stateMachine:my-name-check-connection" },
      ["states:StartExecution machine/check-connection"],
    ],
    [
      "SFN",
      "DescribeExecution",
      { executionArn: "arn:aws:states:eu-west-1:1:execution:my-sync-import:im1-1" },
      ["states:DescribeExecution machine/import"],
    ],
    ["SecretsManager", "GetSecretValue", {}, ["secretsmanager:GetSecretValue secret"]],
    ["STS", "AssumeRole", { Tags: [] }, ["sts:AssumeRole role/writer", "sts:TagSession role/writer"]],
    ["Lambda", "Invoke", { FunctionName: "my-name-writer-postgres" }, ["lambda:InvokeFunction writer"]],
    [
      "Transfer",
      "CreateUser",
      { Role: "arn", Tags: [] },
      ["transfer:CreateUser sftp", "iam:PassRole role/sftp", "transfer:TagResource sftp"],
    ],
    ["Transfer", "DeleteSshPublicKey", {}, ["transfer:DeleteSshPublicKey sftp"]],
    ["Polly", "Speak", {}, ["polly:Speak unknown"]],
  ])("%s %s", (service, command, input, calls) => {
    expect(callsOf(service, command, input)).toEqual(calls);
  });
});

const credentials = { accessKeyId: "a", secretAccessKey: "b" };

test("a client tells of what it sends, once however often it is tried", async () => {
  const calls: AwsCall[] = [];
  let tries = 0;
  const server = createServer((request, response) => {
    request.resume();
    tries += 1;
    response.writeHead(tries === 1 ? 500 : 200, { "content-type": "application/x-amz-json-1.0" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({ region: "eu-west-1", endpoint, credentials });
  noteCalls(client, (call) => calls.push(call));

  await client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } }));
  client.destroy();
  await new Promise((resolve) => server.close(resolve));

  expect(tries).toBe(2);
  expect(calls).toEqual(["dynamodb:GetItem table"]);
});

test("a client tells of what it only signs, for its holder needs the right as well", async () => {
  const calls: AwsCall[] = [];
  const client = new S3Client({ region: "eu-west-1", credentials });
  noteCalls(client, (call) => calls.push(call));

  await getSignedUrl(client, new GetObjectCommand({ Bucket: "b", Key: "results/a/b.csv" }));

  expect(calls).toEqual(["s3:GetObject bucket/results"]);
});
