import { expect, test } from "vitest";
import { callFunction } from "../../lib/platform/embedded/call-function.ts";
import { embeddedWriters } from "../../lib/platform/embedded/writers.ts";
import { anySignal } from "../support/account-rig.ts";
import { bareDeps } from "../support/bare-deps.ts";

const deps = bareDeps({ given: { destinationKinds: ["duckdb"] } });

test.each([
  ["no-such-step", {}, "no step is called no-such-step"],
  ["toString", {}, "no step is called toString"],
  ["plan-run", {}, "no step is called plan-run"],
  ["writer-oracle", { step: "plan-run", input: {} }, 'no writer of kind "oracle"'],
])("a machine that calls %s is told so", async (name, input, words) => {
  await expect(callFunction(deps, name, input, anySignal)).rejects.toThrow(words);
});

test("a writer refuses a step that is not a writer's", async () => {
  const call = { step: "finish-run", input: {} };

  await expect(callFunction(deps, "writer-duckdb", call, anySignal)).rejects.toThrow("Invalid option");
});

test("a flow that asks for the writer of an unknown kind hears NOT_FOUND", async () => {
  const writers = embeddedWriters(() => deps);

  await expect(writers.call("oracle", "discard-staging", {}, anySignal)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
