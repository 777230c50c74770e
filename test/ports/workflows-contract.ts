import { describe, expect, test, vi } from "vitest";
import type { ExecutionStatus, WorkflowName, Workflows } from "../../lib/flows/ports.ts";

/** What a step of the bed's machine `dispatch` (one task, `${TestStep}`, input passed on) does. */
type TestStep = (input: unknown, signal: AbortSignal) => Promise<unknown>;

interface WorkflowsBed extends AsyncDisposable {
  readonly workflows: Workflows;
}

export type OpenWorkflowsBed = (step: TestStep) => Promise<WorkflowsBed>;

const machine: WorkflowName = "dispatch";

async function statusAfterEnd(workflows: Workflows, name: string): Promise<ExecutionStatus | undefined> {
  return vi.waitUntil(
    async () => {
      const status = await workflows.describe(machine, name);
      return status === "RUNNING" ? false : status;
    },
    { timeout: 20_000, interval: 5 },
  );
}

/** What every `Workflows` must do. */
export function describeWorkflows(name: string, open: OpenWorkflowsBed): void {
  describe(name, () => {
    test("an execution gets its input, and runs to SUCCEEDED", async () => {
      const inputs: unknown[] = [];
      await using bed = await open(async (input) => inputs.push(input));

      const started = await bed.workflows.start(machine, "run-1", { itemsKey: "k", n: 1 });

      expect(started).toBe("started");
      expect(await statusAfterEnd(bed.workflows, "run-1")).toBe("SUCCEEDED");
      expect(inputs).toMatchObject([{ itemsKey: "k", n: 1 }]);
    });

    test("the same name starts once: while it runs, and after its end", async () => {
      const gate = Promise.withResolvers<void>();
      let calls = 0;
      await using bed = await open(async () => {
        calls += 1;
        await gate.promise;
      });

      const racing = await Promise.all(["a", "b", "c"].map(() => bed.workflows.start(machine, "run-1", {})));
      gate.resolve();
      await statusAfterEnd(bed.workflows, "run-1");
      const late = await bed.workflows.start(machine, "run-1", { other: true });

      expect(racing.sort()).toEqual(["exists", "exists", "started"]);
      expect(late).toBe("exists");
      expect(calls).toBe(1);
    });

    test("an error that no Catch takes ends it as FAILED", async () => {
      await using bed = await open(async () => {
        throw new TypeError("a bug");
      });

      await bed.workflows.start(machine, "run-1", {});

      expect(await statusAfterEnd(bed.workflows, "run-1")).toBe("FAILED");
    });

    test("a stopped execution is ABORTED and its step sees the signal; stopping what has ended changes nothing", async () => {
      const running = Promise.withResolvers<void>();
      await using bed = await open(async (_, signal) => {
        running.resolve();
        await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      });
      await bed.workflows.start(machine, "run-1", {});
      await running.promise;

      await bed.workflows.stop(machine, "run-1");

      expect(await statusAfterEnd(bed.workflows, "run-1")).toBe("ABORTED");
      await bed.workflows.stop(machine, "run-1");
      await bed.workflows.stop(machine, "never-started");
      expect(await bed.workflows.describe(machine, "run-1")).toBe("ABORTED");
    });

    test("an unknown execution has no status", async () => {
      await using bed = await open(async () => null);

      expect(await bed.workflows.describe(machine, "never-started")).toBeUndefined();
    });

    test.each(["", "a/b", "a b", "x".repeat(81)])(
      "names that Step Functions refuses are a RangeError: %o",
      async (bad) => {
        await using bed = await open(async () => null);

        await expect(bed.workflows.start(machine, bad, {})).rejects.toThrow(RangeError);
      },
    );

    test("an input over 256 KiB is a RangeError", async () => {
      await using bed = await open(async () => null);

      await expect(bed.workflows.start(machine, "run-1", { big: "x".repeat(262_144) })).rejects.toThrow(RangeError);
    });
  });
}
