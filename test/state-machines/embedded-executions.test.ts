import { describe, expect, test } from "vitest";
import { hourMs } from "../../lib/model/time.ts";
import { historyEventsMax, historyMeter, payloadBytesAllowed } from "../support/history-meter.ts";
import { fanOut, task } from "../support/machines.ts";
import { idle, never, workflowsBed } from "../support/workflows-bed.ts";

describe("many executions", () => {
  test("only so many steps run at once over all of them, first come first served", async () => {
    let [running, most] = [0, 0];
    const order: number[] = [];
    using bed = workflowsBed(
      { DoIt: task("DoIt") },
      {
        "do-it": async ({ n }: { n: number }) => {
          order.push(n);
          most = Math.max(most, ++running);
          await idle();
          running -= 1;
        },
      },
    );

    for (let n = 0; n < 10; n += 1) await bed.workflows.start("dispatch", `run-${n}`, { n });
    await bed.workflows.settled();

    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(bed.ends).toHaveLength(10);
  });

  test("a stop takes an execution out of the line", async () => {
    using bed = workflowsBed({ DoIt: task("DoIt") }, { "do-it": never }, { tasksAtOnceMax: 1 });
    await bed.workflows.start("dispatch", "first", {});
    await bed.workflows.start("dispatch", "second", {});
    await idle();

    await bed.workflows.stop("dispatch", "second");
    await idle();
    const ended = bed.ends.map((end) => end.name);
    await bed.workflows.stop("dispatch", "first");
    await bed.workflows.settled();

    expect(ended).toEqual(["second"]);
    expect(bed.calls).toHaveLength(1);
    expect(bed.ends.map((end) => end.status)).toEqual(["ABORTED", "ABORTED"]);
  });
});

describe("the end of the process", () => {
  test("draining waits for what runs, then stops it, and starts nothing more", async () => {
    using bed = workflowsBed({ DoIt: task("DoIt") }, { "do-it": never });
    await bed.workflows.start("dispatch", "run-1", {});
    await idle();

    const drained = bed.workflows.drain(hourMs);
    await idle();
    const statusWhileWaiting = await bed.workflows.describe("dispatch", "run-1");
    await expect(bed.workflows.start("dispatch", "run-2", {})).rejects.toMatchObject({ code: "ABORTED" });
    bed.clock.wind(hourMs);
    await drained;

    expect(statusWhileWaiting).toBe("RUNNING");
    expect(bed.ends.map((end) => end.status)).toEqual(["ABORTED"]);
  });

  test("disposing ends all at once and calls no hook", async () => {
    using bed = workflowsBed(
      { DoIt: task("DoIt", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "After" }] }), After: task("After") },
      { "do-it": never },
    );
    await bed.workflows.start("dispatch", "run-1", {});
    await idle();

    bed.workflows[Symbol.dispose]();
    await bed.workflows.settled();

    expect(bed.calls).toEqual(["do-it"]);
    expect(bed.ends).toEqual([]);
  });

  test("a hook that fails is logged and harms nothing", async () => {
    const logged: string[] = [];
    using bed = workflowsBed(
      { DoIt: task("DoIt") },
      {},
      { onEnd: () => Promise.reject(new Error("hook")), log: (event) => void logged.push(event) },
    );

    await bed.run();

    expect(logged).toEqual(["execution-ended", "execution-end-failed"]);
    expect(await bed.workflows.describe("dispatch", "run-1")).toBe("SUCCEEDED");
  });
});

test("a meter counts events and payloads of the longest history as AWS would", async () => {
  const meter = historyMeter();
  let tries = 0;
  using bed = workflowsBed(
    {
      DoIt: task("DoIt", { Retry: [{ ErrorEquals: ["Error"] }], Next: "All" }),
      All: fanOut({ One: task("One") }, { Next: "End" }),
      End: { Type: "Succeed" },
    },
    {
      "do-it": () => (++tries < 3 ? Promise.reject(new Error("again")) : { itemsKey: "k", filler: "x".repeat(1_000) }),
    },
    { items: [{ n: 1 }, { n: 2 }], observe: meter.observe },
  );

  await bed.run();

  // Started and ended 2; DoIt 2 + 3 tries of 3; All 2 + 2; End 2.
  expect(meter.eventsMax).toBe(19);
  expect(meter.bytesMax).toBe(JSON.stringify({ itemsKey: "k", filler: "x".repeat(1_000) }).length);
  expect([meter.eventsMax < historyEventsMax, meter.bytesMax < payloadBytesAllowed]).toEqual([true, true]);
});
