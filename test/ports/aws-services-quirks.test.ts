import { PutObjectCommand, PutObjectTaggingCommand, S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { describe, expect, test } from "vitest";
import { startS3 } from "../../lib/destinations/stand-ins/s3/s3-server.ts";
import { awsClient } from "../../lib/platform/aws/clients.ts";
import { partialUploads } from "../../lib/platform/aws/partial-uploads.ts";
import { openWorkflows } from "../../lib/platform/aws/workflows.ts";
import { systemRandomness } from "../../lib/platform/system-clock.ts";
import { testOptions } from "../support/aws/client.ts";
import { AwsFault } from "../support/aws/json-server.ts";
import { type StatusEvent, startStatesServer } from "../support/aws/states-server.ts";
import { seededRandomness, windableClock } from "../support/clock.ts";
import { task, writeMachine } from "../support/machines.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Nobody waits for a second look. */
const patient = { sleep: async () => {} };

async function statesBed() {
  const folder = tempFolder();
  writeMachine(folder.path, "dispatch", { DoIt: task("TestStep") });
  const calls: unknown[] = [];
  const statuses: StatusEvent[] = [];
  const server = await startStatesServer({
    folder: folder.path,
    runStep: async (_name, input) => calls.push(input),
    files: { get: async () => undefined },
    clock: windableClock(),
    randomness: seededRandomness(),
    onStatus: async (event) => void statuses.push(event),
  });
  const client = awsClient(SFNClient, testOptions(server));
  return {
    server,
    calls,
    statuses,
    workflows: openWorkflows({
      client,
      machinePrefix: server.machinePrefix,
      randomness: systemRandomness,
      clock: patient,
    }),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe("Step Functions", () => {
  test("a start whose answer was lost is tried again and is the first one's", async () => {
    await using bed = await statesBed();
    bed.server.failNext("StartExecution", new AwsFault("InternalFailure", "lost", 500), { afterwards: true });

    const answer = await bed.workflows.start("dispatch", "run-1", { n: 1 });
    await bed.server.workflows.settled();

    // By the time of the second try the first execution may have ended, and then its name is taken.
    expect(["started", "exists"]).toContain(answer);
    expect(bed.calls).toHaveLength(1);
  });

  test("a throttled start is tried again", async () => {
    await using bed = await statesBed();
    bed.server.failNext("StartExecution", new AwsFault("ThrottlingException", "slow down"), { times: 2 });

    expect(await bed.workflows.start("dispatch", "run-1", {})).toBe("started");
  });

  test("an execution that is not described yet gets a second look", async () => {
    await using bed = await statesBed();
    await bed.workflows.start("dispatch", "run-1", {});
    bed.server.failNext("DescribeExecution", new AwsFault("ExecutionDoesNotExist"));

    expect(await bed.workflows.describe("dispatch", "run-1")).toMatch(/RUNNING|SUCCEEDED/);
  });

  test("a machine that is not there is an error of its own", async () => {
    await using bed = await statesBed();
    const client = awsClient(SFNClient, testOptions(bed.server));
    const elsewhere = openWorkflows({
      client,
      machinePrefix: "arn:aws:states:eu-west-1:1:stateMachine:other-",
      randomness: systemRandomness,
      clock: patient,
    });

    await expect(elsewhere.start("dispatch", "run-1", {})).rejects.toMatchObject({ name: "StateMachineDoesNotExist" });
    client.destroy();
  });

  test("the end of an execution is told as EventBridge tells it", async () => {
    await using bed = await statesBed();

    await bed.workflows.start("dispatch", "run-1", { n: 1 });
    await bed.server.workflows.settled();

    expect(bed.statuses).toMatchObject([{ source: "aws.states", detail: { name: "run-1", status: "SUCCEEDED" } }]);
    expect(JSON.parse(bed.statuses[0]?.detail.input ?? "")).toMatchObject({ n: 1 });
  });
});

describe("an upload over SFTP", () => {
  test("is partial where it is tagged so, in that version alone", async () => {
    await using server = await startS3({ bucketName: "b" });
    const client = awsClient(S3Client, testOptions({ endpoint: server.url }));
    const put = () => client.send(new PutObjectCommand({ Bucket: "b", Key: "inbox/a/u/profiles/x.csv", Body: "x" }));
    const { VersionId: broken = "" } = await put();
    const { VersionId: whole = "" } = await put();
    const tag = { Key: "partial", Value: "true" };
    const key = "inbox/a/u/profiles/x.csv";
    await client.send(
      new PutObjectTaggingCommand({ Bucket: "b", Key: key, VersionId: broken, Tagging: { TagSet: [tag] } }),
    );
    const isPartial = partialUploads(client, "b");

    expect(await isPartial(key, broken)).toBe(true);
    expect(await isPartial(key, whole)).toBe(false);
    expect(await isPartial("inbox/a/u/profiles/gone.csv", whole)).toBe(false);
    client.destroy();
  });
});
