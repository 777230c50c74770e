import { describe, expect, test } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { fanOut, task } from "../support/machines.ts";
import { idle, never, workflowsBed } from "../support/workflows-bed.ts";

describe("fan-outs", () => {
  const each = { EachItem: task("EachItem") };

  test("each item of the list in the files is run, and the input goes on", async () => {
    const seen: unknown[] = [];
    using bed = workflowsBed(
      { All: fanOut(each, { Next: "After" }), After: task("After") },
      { "each-item": (input) => seen.push(input), after: (input) => seen.push(input) },
      { items: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    );

    const end = await bed.run({ id: "x" });

    expect(end?.status).toBe("SUCCEEDED");
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { itemsKey: "items", id: "x" }]);
  });

  test("ItemSelector joins item, index and input", async () => {
    const seen: unknown[] = [];
    const ItemSelector = { "item.$": "$$.Map.Item.Value.n", "index.$": "$$.Map.Item.Index", "id.$": "$.id", kind: "k" };
    using bed = workflowsBed(
      { All: fanOut(each, { ItemSelector }) },
      { "each-item": (input) => seen.push(input) },
      { items: [{ n: 7 }, { n: 8 }] },
    );

    await bed.run({ id: "x" });

    expect(seen).toEqual([
      { item: 7, index: 0, id: "x", kind: "k" },
      { item: 8, index: 1, id: "x", kind: "k" },
    ]);
  });

  test.each([
    [undefined, 9, 3],
    [1, 9, 1],
    [5, 2, 2],
  ])(
    "with MaxConcurrency %s and %i slots, at most %i items run at once",
    async (MaxConcurrency, tasksAtOnceMax, expected) => {
      let [running, most] = [0, 0];
      using bed = workflowsBed(
        { All: fanOut(each, MaxConcurrency === undefined ? {} : { MaxConcurrency }) },
        {
          "each-item": async () => {
            most = Math.max(most, ++running);
            await idle();
            running -= 1;
          },
        },
        { items: Array.from({ length: 12 }, (_, n) => ({ n })), itemsAtOnceMax: 3, tasksAtOnceMax },
      );

      await bed.run();

      expect(bed.calls).toHaveLength(12);
      expect(most).toBe(expected);
    },
  );

  test("one failed item ends the others and fails the map under one name", async () => {
    let aborted = 0;
    using bed = workflowsBed(
      {
        All: fanOut(each, { Catch: [{ ErrorEquals: ["States.ExceedToleratedFailureThreshold"], Next: "After" }] }),
        After: task("After"),
      },
      {
        "each-item": async (item: { n: number }, signal) => {
          if (item.n === 1) throw new SyncError("AUTH_FAILED");
          await never(item as never, signal).catch(() => ++aborted);
        },
      },
      { items: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }] },
    );

    const end = await bed.run();

    expect(end?.status).toBe("SUCCEEDED");
    expect(aborted).toBe(1);
    expect(bed.calls).toEqual(["each-item", "each-item", "after"]);
  });

  test("an item that fails inside and is caught there leaves the others alone", async () => {
    using bed = workflowsBed(
      {
        All: fanOut({
          EachItem: task("EachItem", {
            Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "RecordFailure" }],
          }),
          RecordFailure: task("RecordFailure"),
        }),
      },
      { "each-item": ({ n }: { n: number }) => (n === 1 ? Promise.reject(new Error("bad")) : {}) },
      { items: [{ n: 0 }, { n: 1 }, { n: 2 }] },
    );

    const end = await bed.run();

    expect(end?.status).toBe("SUCCEEDED");
    expect(bed.calls.filter((name) => name === "record-failure")).toHaveLength(1);
    expect(bed.calls.filter((name) => name === "each-item")).toHaveLength(3);
  });

  test("a list that is not there fails with States.ItemReaderFailed", async () => {
    using bed = workflowsBed({ All: fanOut(each) }, {}, { files: { get: async () => undefined } });

    expect(await bed.run()).toMatchObject({ status: "FAILED", error: { name: "States.ItemReaderFailed" } });
  });

  test("maps nest, choices choose and branches run side by side", async () => {
    using bed = workflowsBed(
      {
        Decide: {
          Type: "Choice",
          Choices: [{ Variable: "$.go", BooleanEquals: true, Next: "Both" }],
          Default: "Refuse",
        },
        Both: {
          Type: "Parallel",
          Branches: [
            { StartAt: "All", States: { All: fanOut({ Inner: fanOut(each) }) } },
            { StartAt: "Beside", States: { Beside: task("Beside") } },
          ],
          ResultPath: null,
          End: true,
        },
        Refuse: { Type: "Fail", Error: "Refused" },
      },
      {},
      { items: [{ itemsKey: "a" }, { itemsKey: "b" }] },
    );

    const went = await bed.run({ go: true });
    const refused = await bed.run({ go: false });

    expect(went?.status).toBe("SUCCEEDED");
    expect(bed.calls.toSorted()).toEqual(["beside", "each-item", "each-item", "each-item", "each-item"]);
    expect(refused).toMatchObject({ status: "FAILED", error: { name: "Refused" } });
  });
});
