import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { awsClient } from "../../../lib/platform/aws/clients.ts";
import { testOptions } from "../../support/aws/client.ts";
import { serveLoopback } from "../../support/aws/loopback.ts";

const getItem = new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } });

test("a call is tried five times, and no more", async () => {
  let tries = 0;
  await using server = await serveLoopback(async (request, response) => {
    request.resume();
    tries += 1;
    response.writeHead(500).end("{}");
  });
  const client = awsClient(DynamoDBClient, testOptions(server));

  await expect(client.send(getItem)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });

  expect(tries).toBe(5);
  client.destroy();
});

test("a service that does not answer in time is a TimeoutError", async () => {
  await using server = await serveLoopback(async (request) => void request.resume());
  const client = awsClient(DynamoDBClient, testOptions(server, { answerMsMax: 20 }));

  await expect(client.send(getItem)).rejects.toMatchObject({ name: "TimeoutError" });
  client.destroy();
});

test("a body that stops in the middle fails instead of keeping us for ever", async () => {
  await using server = await serveLoopback(async (request, response) => {
    request.resume();
    response.writeHead(200, { "content-length": "10" }).write("half");
  });
  const client = awsClient(S3Client, testOptions(server, { answerMsMax: 100 }));

  const { Body } = await client.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));

  await expect(Body?.transformToByteArray()).rejects.toThrow();
  client.destroy();
});
