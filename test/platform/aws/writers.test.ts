import { LambdaClient } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import { SyncError } from "../../../lib/model/errors.ts";
import { wireError } from "../../../lib/model/wire-error.ts";
import { awsClient } from "../../../lib/platform/aws/clients.ts";
import { lambdaWriters } from "../../../lib/platform/aws/writers.ts";
import { testOptions } from "../../support/aws/client.ts";
import { type RunFunction, startLambdaServer } from "../../support/aws/lambda-server.ts";

async function writersBed(run: RunFunction) {
  const server = await startLambdaServer(run);
  const client = awsClient(LambdaClient, testOptions(server));
  return {
    writers: lambdaWriters({ client, functionPrefix: "my-sync-writer-", kinds: ["postgres"] }),
    server,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("the function of the kind gets step and input, and its answer comes back", async ({ signal }) => {
  const calls: unknown[] = [];
  await using bed = await writersBed(async (...call) => {
    calls.push(call);
    return { receipts: [1] };
  });

  const answer = await bed.writers.call("postgres", "list-receipts", { accountId: "a" }, signal);

  expect(answer).toEqual({ receipts: [1] });
  expect(calls).toEqual([["my-sync-writer-postgres", { step: "list-receipts", input: { accountId: "a" } }]]);
});

test("a step that answers nothing answers null", async ({ signal }) => {
  await using bed = await writersBed(async () => undefined);

  expect(await bed.writers.call("postgres", "discard-staging", {}, signal)).toBeNull();
});

test("the step's own error comes back, code and all", async ({ signal }) => {
  await using bed = await writersBed(async () => {
    throw wireError(new SyncError("HOST_UNREACHABLE", { message: "db.example.com cannot be resolved" }));
  });

  const call = bed.writers.call("postgres", "check-connection", {}, signal);

  await expect(call).rejects.toThrow(SyncError);
  await expect(call).rejects.toMatchObject({
    code: "HOST_UNREACHABLE",
    message: "db.example.com cannot be resolved",
  });
});

test("a function that died in the middle is an error of the name that Lambda gives it", async ({ signal }) => {
  await using bed = await writersBed(async () => {
    throw Object.assign(new Error("RequestId: 1 Error: Runtime exited"), { name: "Runtime.ExitError" });
  });

  const call = bed.writers.call("postgres", "commit-batch", {}, signal);

  await expect(call).rejects.toMatchObject({ name: "Runtime.ExitError" });
});

test("a throttled call is tried again", async ({ signal }) => {
  await using bed = await writersBed(async () => "done");
  bed.server.throttle(2);

  expect(await bed.writers.call("postgres", "plan-run", {}, signal)).toBe("done");
});

test("a kind that is not offered here is NOT_FOUND, and nothing is called", async ({ signal }) => {
  let calls = 0;
  await using bed = await writersBed(async () => {
    calls += 1;
  });

  const call = bed.writers.call("duckdb", "plan-run", {}, signal);

  await expect(call).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(calls).toBe(0);
});

test("an aborted call rejects with the signal's reason", async () => {
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await using bed = await writersBed(async () => {
    started.resolve();
    await gate.promise;
  });

  const call = bed.writers.call("postgres", "plan-run", {}, stop.signal);
  await started.promise;
  stop.abort(new SyncError("ABORTED"));

  await expect(call).rejects.toMatchObject({ code: "ABORTED" });
  gate.resolve();
});
