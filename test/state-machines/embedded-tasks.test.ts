import { describe, expect, test } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { minuteMs, secondMs } from "../../lib/model/time.ts";
import { task, writerTask } from "../support/machines.ts";
import { idle, never, workflowsBed } from "../support/workflows-bed.ts";

describe("tasks", () => {
  test("a task calls the step of its name in kebab case and passes its answer on as JSON", async () => {
    const seen: unknown[] = [];
    using bed = workflowsBed(
      { ParseRange: task("ParseRange", { Next: "WriteReport" }), WriteReport: task("WriteReport") },
      {
        "parse-range": () => ({ rows: 3, when: new Date(0), gone: undefined }),
        "write-report": (input) => seen.push(input),
      },
    );

    const end = await bed.run({ from: 1 });

    expect(end).toMatchObject({ machine: "dispatch", name: "run-1", input: { from: 1 }, status: "SUCCEEDED" });
    expect(bed.calls).toEqual(["parse-range", "write-report"]);
    expect(seen).toEqual([{ rows: 3, when: "1970-01-01T00:00:00.000Z" }]);
  });

  test("an error reaches the Catch of its name, with type, code and message in the cause", async () => {
    const seen: { error: { Error: string; Cause: string } }[] = [];
    using bed = workflowsBed(
      {
        DoIt: task("DoIt", {
          Catch: [
            { ErrorEquals: ["PermissionDenied"], ResultPath: "$.error", Next: "Wrong" },
            { ErrorEquals: ["AuthRefused"], ResultPath: "$.error", Next: "RecordError" },
            { ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Wrong" },
          ],
        }),
        RecordError: task("RecordError"),
        Wrong: { Type: "Fail" },
      },
      {
        "do-it": () => {
          throw new SyncError("AUTH_FAILED", { message: "refused" });
        },
        "record-error": (input) => seen.push(input),
      },
    );

    const end = await bed.run({ id: "x" });

    expect(end?.status).toBe("SUCCEEDED");
    expect(seen[0]).toMatchObject({ id: "x", error: { Error: "AuthRefused" } });
    expect(JSON.parse(seen[0]?.error.Cause ?? "")).toEqual({
      errorType: "AuthRefused",
      errorMessage: "AUTH_FAILED: refused",
    });
  });

  test("the writer of the kind that the state carries gets the step and the state", async () => {
    const seen: unknown[] = [];
    const states = { PlanRun: writerTask("plan-run", { Next: "Rest" }), Rest: task("Rest") };
    using bed = workflowsBed(states, {
      "writer-postgres": (input) => void seen.push(input),
      rest: () => undefined,
    });

    await bed.run({ kind: "postgres" });

    expect(seen).toEqual([{ step: "plan-run", input: { itemsKey: "items", kind: "postgres" } }]);
  });

  test("a state without a kind finds no writer", async () => {
    using bed = workflowsBed({ PlanRun: writerTask("plan-run") }, {});

    const end = await bed.run();

    expect(end?.status).toBe("FAILED");
    expect(bed.calls).toEqual([]);
  });

  test("an execution that dies tells its error to the hook", async () => {
    using bed = workflowsBed({ DoIt: task("DoIt") }, { "do-it": () => Promise.reject(new TypeError("a bug")) });

    const end = await bed.run();

    expect(end?.status).toBe("FAILED");
    expect(end?.error?.name).toBe("TypeError");
    expect(end?.error?.cause).toContain("a bug");
  });

  test("an answer over 256 KiB fails with States.DataLimitExceeded, which States.ALL does not catch", async () => {
    using bed = workflowsBed(
      {
        DoIt: task("DoIt", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Caught" }] }),
        Caught: { Type: "Succeed" },
      },
      { "do-it": () => "x".repeat(262_144) },
    );

    const end = await bed.run();

    expect(end).toMatchObject({ status: "FAILED", error: { name: "States.DataLimitExceeded" } });
  });
});

describe("retries and waits", () => {
  const retry = (fields: object) => [{ ErrorEquals: ["NetworkUnreachable"], IntervalSeconds: 2, ...fields }];

  test("a step is tried again with growing pauses until its tries are used up", async () => {
    using bed = workflowsBed(
      { DoIt: task("DoIt", { Retry: retry({ MaxAttempts: 4, BackoffRate: 3, MaxDelaySeconds: 20 }) }) },
      { "do-it": () => Promise.reject(new SyncError("CONNECTION_LOST")) },
    );

    const end = await bed.run();

    expect(end).toMatchObject({ status: "FAILED", error: { name: "NetworkUnreachable" } });
    expect(bed.calls).toHaveLength(5);
    expect(bed.waitsMs).toEqual([2 * secondMs, 6 * secondMs, 18 * secondMs, 20 * secondMs]);
  });

  test("full jitter draws each pause below its bound", async () => {
    using bed = workflowsBed(
      { DoIt: task("DoIt", { Retry: retry({ MaxAttempts: 6, BackoffRate: 1, JitterStrategy: "FULL" }) }) },
      { "do-it": () => Promise.reject(new SyncError("CONNECTION_LOST")) },
    );

    await bed.run();

    expect(new Set(bed.waitsMs).size).toBe(6);
    expect(bed.waitsMs.every((ms) => ms >= 0 && ms < 2 * secondMs)).toBe(true);
  });

  test("only errors that a retrier names are tried again", async () => {
    using bed = workflowsBed(
      { DoIt: task("DoIt", { Retry: retry({}) }) },
      { "do-it": () => Promise.reject(new SyncError("AUTH_FAILED")) },
    );

    await bed.run();

    expect(bed.calls).toHaveLength(1);
  });

  test("a step that succeeds on its second try goes on", async () => {
    let tries = 0;
    using bed = workflowsBed(
      { DoIt: task("DoIt", { Retry: retry({}), Next: "After" }), After: task("After") },
      { "do-it": () => (++tries < 2 ? Promise.reject(new SyncError("CONNECTION_LOST")) : {}) },
    );

    const end = await bed.run();

    expect(end?.status).toBe("SUCCEEDED");
    expect(bed.calls).toEqual(["do-it", "do-it", "after"]);
  });

  test("a Wait state waits for seconds of its own or of its input, and passes its input on", async () => {
    const seen: unknown[] = [];
    using bed = workflowsBed(
      {
        Short: { Type: "Wait", Seconds: 5, Next: "Given" },
        Given: { Type: "Wait", SecondsPath: "$.pauseSeconds", Next: "After" },
        After: task("After"),
      },
      { after: (input) => void seen.push(input) },
    );

    const end = await bed.run({ pauseSeconds: 60 });

    expect(end?.status).toBe("SUCCEEDED");
    expect(seen).toEqual([{ itemsKey: "items", pauseSeconds: 60 }]);
    expect(bed.waitsMs).toEqual([5 * secondMs, 60 * secondMs]);
  });

  test("a pause is by the clock, and a stop ends it", async () => {
    using bed = workflowsBed(
      { Pause: { Type: "Wait", Seconds: 60, Next: "After" }, After: task("After") },
      {},
      { waits: "kept" },
    );
    await bed.workflows.start("dispatch", "wound", {});
    await bed.workflows.start("dispatch", "stopped", {});
    await idle();

    await bed.workflows.stop("dispatch", "stopped");
    await idle();
    const beforeWinding = bed.calls.length;
    bed.clock.wind(minuteMs);
    await bed.workflows.settled();

    expect(beforeWinding).toBe(0);
    expect(bed.calls).toEqual(["after"]);
    expect(await bed.workflows.describe("dispatch", "wound")).toBe("SUCCEEDED");
    expect(await bed.workflows.describe("dispatch", "stopped")).toBe("ABORTED");
    expect(bed.clock.sleepers).toBe(0);
  });
});

describe("timeouts", () => {
  test("a task over its time fails with States.Timeout and its step sees the signal", async () => {
    using bed = workflowsBed(
      {
        DoIt: task("DoIt", {
          TimeoutSeconds: 30,
          Catch: [{ ErrorEquals: ["States.Timeout"], ResultPath: null, Next: "Late" }],
        }),
        Late: task("Late"),
      },
      { "do-it": never },
    );
    await bed.workflows.start("dispatch", "run-1", {});
    await idle();

    bed.clock.wind(30 * secondMs);
    await bed.workflows.settled();

    expect(bed.calls).toEqual(["do-it", "late"]);
    expect(bed.ends[0]?.status).toBe("SUCCEEDED");
  });

  test("a machine over its time is TIMED_OUT, and the hook waits for its step to end", async () => {
    const order: string[] = [];
    using bed = workflowsBed(
      { DoIt: task("DoIt") },
      { "do-it": async (_, signal) => never(_, signal).catch(() => idle().then(() => order.push("step ended"))) },
      { onEnd: async ({ status }) => void order.push(status) },
    );
    await bed.workflows.start("dispatch", "run-1", {});
    await idle();

    bed.clock.wind(600 * secondMs);
    await bed.workflows.settled();

    expect(order).toEqual(["step ended", "TIMED_OUT"]);
    expect(await bed.workflows.describe("dispatch", "run-1")).toBe("TIMED_OUT");
  });
});
