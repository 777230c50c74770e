import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { FunctionContext } from "../../functions/context.ts";
import { handle } from "../../functions/handle.ts";
import { stepHandler } from "../../functions/step-handler.ts";
import { countHealth, countUnder, logEvent } from "../../functions/telemetry.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { errorFromWire } from "../../lib/model/wire-error.ts";
import { apiEvent } from "../support/aws/api-event.ts";
import { lambdaContext } from "../support/aws/lambda-context.ts";
import { bareDeps } from "../support/bare-deps.ts";

const opened = (): FunctionContext => ({
  deps: bareDeps(),
  forAccount: () => bareDeps(),
  environment: {} as FunctionContext["environment"],
  executionInput: async () => ({}),
  installation: { version: "test", sftp: null, egressAddresses: [] },
});

/** Everything that is written to the process's output meanwhile. */
function written(): string[] {
  const lines: string[] = [];
  const keep = (chunk: unknown) => {
    lines.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  return lines;
}

afterEach(() => void vi.restoreAllMocks());

const failing = (error: unknown) => handle<unknown, never>(async () => Promise.reject(error), opened);

describe("an error leaves a function", () => {
  test("under the name that machines match, its code in front", async () => {
    written();

    const refused = failing(new SyncError("AUTH_FAILED"))({}, lambdaContext());

    const error = await refused.catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ name: "AuthRefused", message: expect.stringMatching(/^AUTH_FAILED: /) });
    expect(errorFromWire(error.name, error.message)).toMatchObject({ code: "AUTH_FAILED" });
  });

  test("without its cause, in the answer as in the log", async () => {
    const lines = written();
    const cause = new Error("Key (email)=(ada@example.com) already exists");

    const refused = failing(new SyncError("UNKNOWN", { message: "it failed", cause }))({}, lambdaContext());

    await expect(refused).rejects.not.toHaveProperty("cause");
    expect(lines.join("")).toContain("it failed");
    expect(lines.join("")).not.toContain("ada@example.com");
  });

  test("as a timeout where the function's time was up, after the work had time to end", async () => {
    written();
    const ends: string[] = [];
    const slow = handle<unknown, void>(
      (_context, _event, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            ends.push(String((signal.reason as SyncError).code));
            setTimeout(() => {
              ends.push("given back");
              reject(signal.reason);
            }, 10);
          });
        }),
      opened,
    );

    await expect(slow({}, lambdaContext(5_100))).rejects.toMatchObject({ name: "TimedOut" });
    expect(ends).toEqual(["TIMEOUT", "given back"]);
  });
});

describe("a step's function", () => {
  const Request = z.object({ accountId: z.string(), attempt: z.int().default(1) });

  test("hands the payload to the flow through its schema, and answers what the flow answers", async () => {
    const handler = stepHandler(Request, async (_deps, request) => ({ ...request, next: "parse" }), opened);

    expect(await handler({ accountId: "ac1" }, lambdaContext())).toEqual({
      accountId: "ac1",
      attempt: 1,
      next: "parse",
    });
  });

  test("answers null where the flow answers nothing", async () => {
    const handler = stepHandler(Request, async () => undefined, opened);

    expect(await handler({ accountId: "ac1" }, lambdaContext())).toBeNull();
  });

  test("refuses a payload that is not the flow's", async () => {
    written();
    const handler = stepHandler(Request, async () => undefined, opened);

    await expect(handler({ accountId: 7 }, lambdaContext())).rejects.toMatchObject({ name: "ZodError" });
  });
});

describe("what a function writes", () => {
  test("says what the call is about, and no more of it than that", async () => {
    const lines = written();
    const handler = handle<unknown, void>(async () => logEvent("done", { rows: 3 }), opened);

    await handler({ step: "plan-run", input: { accountId: "ac1", runId: "ru1", settings: "secret" } }, lambdaContext());

    const [line = ""] = lines.filter((each) => each.includes('"done"'));
    expect(JSON.parse(line)).toMatchObject({
      message: "done",
      rows: 3,
      accountId: "ac1",
      runId: "ru1",
      step: "plan-run",
    });
    expect(lines.join("")).not.toContain("secret");
  });

  test("keeps the message that an event of a flow tells", async () => {
    const lines = written();
    const handler = handle<unknown, void>(async () => logEvent("step-failed", { message: "the disk is full" }), opened);

    await handler({}, lambdaContext());

    expect(lines.join("")).toContain('"errorMessage":"the disk is full"');
    expect(lines.join("")).not.toContain("WARN");
  });

  test("carries the id under which API Gateway logs the call", async () => {
    const lines = written();
    const handler = handle<unknown, void>(async () => logEvent("done"), opened);

    await handler(apiEvent({ route: "GET /accounts", headers: { Authorization: "Bearer secret" } }), lambdaContext());

    expect(lines.join("")).toContain('"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef"');
    expect(lines.join("")).not.toContain("secret");
  });

  test("is forgotten before the next call", async () => {
    const lines = written();
    const handler = handle<unknown, void>(async () => logEvent("done"), opened);
    await handler({ accountId: "ac1" }, lambdaContext());
    lines.length = 0;

    await handler({}, lambdaContext());

    expect(lines.join("")).toContain('"done"');
    expect(lines.join("")).not.toContain("ac1");
  });

  test("counts failed runs under the installation's name alone", async () => {
    const lines = written();
    countUnder("acme-sync");
    const handler = handle<unknown, void>(async () => logEvent("run-failed", { accountId: "ac1" }), opened);

    await handler({ accountId: "ac1" }, lambdaContext());

    const metric = lines.map((line) => JSON.parse(line)).find((each) => "_aws" in each);
    expect(metric).toMatchObject({ service: "acme-sync", RunsFailed: 1 });
    expect(metric._aws.CloudWatchMetrics).toEqual([
      { Namespace: "WarehouseSync", Dimensions: [["service"]], Metrics: [{ Name: "RunsFailed", Unit: "Count" }] },
    ]);
    expect(JSON.stringify(metric)).not.toContain("ac1");
  });

  test("shows the state of the whole installation beside it, in seconds and counts", async () => {
    const lines = written();
    countUnder("acme-sync");
    const health = {
      freshnessSecondsMax: 7_300,
      watermarkLagSecondsMax: 60,
      oldestOpenImportSeconds: 0,
      syncsErrored: 1,
      syncsFailed: 0,
    };
    const handler = handle<unknown, void>(async () => countHealth(health), opened);

    await handler({}, lambdaContext());

    const metric = lines.map((line) => JSON.parse(line)).find((each) => "_aws" in each);
    expect(metric).toMatchObject({ FreshnessSecondsMax: 7_300, OldestOpenImportSeconds: 0, SyncsErrored: 1 });
    expect(metric._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: "FreshnessSecondsMax", Unit: "Seconds" });
    expect(metric._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: "SyncsErrored", Unit: "Count" });
  });
});
