import { expect, test } from "vitest";
import type { WorkflowName } from "../../lib/flows/ports.ts";
import { backoffSeconds, batchesPerExecution } from "../../lib/flows/sync/machine-state.ts";
import { minuteMs } from "../../lib/model/time.ts";
import { stepOf } from "../../lib/platform/embedded/call-function.ts";
import { type ExecutionEnd, openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { seededRandomness, windableClock } from "../support/clock.ts";
import { historyEventsMax, historyMeter } from "../support/history-meter.ts";

type Answer = (step: string, state: Record<string, number>, elapsedMs: number) => object;

/** Runs a machine whose waits wind the clock, and counts its history. */
async function longRun(machine: WorkflowName, answer: Answer): Promise<{ eventsMax: number; end: ExecutionEnd }> {
  const clock = windableClock();
  const startedAt = clock.now();
  const meter = historyMeter();
  const ended = Promise.withResolvers<ExecutionEnd>();
  const workflows = openWorkflows({
    folder: "state-machines",
    runStep: async (name, input) => {
      const step = stepOf(name, input);
      const state = (name === step ? input : (input as { input: unknown }).input) as Record<string, number>;
      return { ...state, ...answer(step, state, clock.now() - startedAt) };
    },
    files: { get: async () => new TextEncoder().encode("[]") },
    clock,
    randomness: seededRandomness(),
    observe: meter.observe,
    onEnd: async (end) => ended.resolve(end),
    wait: async (ms) => clock.wind(ms),
  });
  await workflows.start(machine, "long", { kind: "postgres", waits: 0, batches: 0, itemsKey: "items" });
  await workflows.settled();
  return { eventsMax: meter.eventsMax, end: await ended.promise };
}

test("a statement that is polled until the sync machine's time is over stays within the history", async () => {
  const { eventsMax, end } = await longRun("sync", (step, state) => {
    if (step === "plan-run") return { next: "stage" };
    if (step === "list-files") return { next: "commit" };
    const waits = state["waits"] ?? 0;
    return { next: "wait", waits: waits + 1, waitSeconds: backoffSeconds(waits, 5) };
  });

  expect(end.status).toBe("TIMED_OUT");
  expect(eventsMax).toBeGreaterThan(10_000);
  expect(eventsMax).toBeLessThan(historyEventsMax);
});

test("as many batches as an execution may commit, each staged and polled on its own, stay within the history", async () => {
  const polls = 5;
  const { eventsMax, end } = await longRun("sync", (step, state) => {
    if (step === "plan-run") return { next: "stage" };
    if (step !== "commit-batch") return step === "list-files" ? { next: "commit" } : {};
    const waits = state["waits"] ?? 0;
    if (waits < polls) return { next: "wait", waits: waits + 1, waitSeconds: backoffSeconds(waits, 5) };
    const batches = (state["batches"] ?? 0) + 1;
    return { waits: 0, batches, next: batches >= batchesPerExecution ? "part" : "stage" };
  });

  expect(end.status).toBe("SUCCEEDED");
  expect(eventsMax).toBeLessThan(historyEventsMax);
});

test("an import that waits for an earlier one as long as it may stays within the history", async () => {
  const { eventsMax, end } = await longRun("import", (step, _state, elapsedMs) => {
    if (step === "plan-import") return { next: "parse" };
    return { next: step === "publish-import" && elapsedMs < 15 * minuteMs ? "wait" : "close" };
  });

  expect(end.status).toBe("SUCCEEDED");
  expect(eventsMax).toBeLessThan(historyEventsMax);
});

test("a check that waits for consolidation as long as it may stays within the history", async () => {
  const { eventsMax, end } = await longRun("check-connection", (step, _state, elapsedMs) =>
    step === "check-connection" ? { next: "cut" } : { next: elapsedMs < 10 * minuteMs ? "wait" : "activate" },
  );

  expect(end.status).toBe("SUCCEEDED");
  expect(eventsMax).toBeLessThan(historyEventsMax);
});
