import { describe, expect, test } from "vitest";
import { SyncError } from "../../lib/model/errors.ts";
import { errorFromWire, errorOfCatch, wireError } from "../../lib/model/wire-error.ts";

/** What is left of an error after it has left a function. */
function sent(error: unknown): Error {
  const { name, message } = wireError(error);
  return errorFromWire(name, message);
}

describe("an error that leaves a function", () => {
  test("of ours has the name of its class, and its code before the text", () => {
    const { name, message } = wireError(new SyncError("AUTH_FAILED", { message: "ada was refused" }));

    expect([name, message]).toEqual(["AuthRefused", "AUTH_FAILED: ada was refused"]);
  });

  test("comes back with code, class and text, whatever the text is", () => {
    const error = new SyncError("RECEIPT_GONE", { message: "TIMEOUT: of\nsomething\nelse" });

    const back = sent(error);

    expect(back).toBeInstanceOf(SyncError);
    expect(back).toMatchObject({ name: error.name, code: "RECEIPT_GONE", message: "TIMEOUT: of\nsomething\nelse" });
  });

  test("keeps the vendor's words to itself", () => {
    const { message } = wireError(new SyncError("AUTH_FAILED", { externalMessage: "password hunter2" }));

    expect(message).not.toContain("hunter2");
  });

  test("that is a bug keeps its own name", () => {
    const back = sent(new TypeError("x is not a function"));

    expect(back).not.toBeInstanceOf(SyncError);
    expect([back.name, back.message]).toEqual(["TypeError", "x is not a function"]);
  });

  test("that is no error becomes an UNKNOWN", () => {
    expect(sent("a text")).toMatchObject({ code: "UNKNOWN", message: "a text" });
  });

  test("is cut where its text would not fit into a Cause", () => {
    expect(wireError(new TypeError("x".repeat(100_000))).message.length).toBeLessThan(10_000);
  });
});

describe("an error that comes from outside", () => {
  test("is not one of ours because its text looks like one", () => {
    expect(errorFromWire("Error", "AUTH_FAILED: so it says")).not.toBeInstanceOf(SyncError);
    expect(errorFromWire("AuthRefused", "NO_SUCH_CODE: so it says")).not.toBeInstanceOf(SyncError);
    expect(errorFromWire("Error", "constructor: so it says")).not.toBeInstanceOf(SyncError);
  });

  test.each(["States.Timeout", "Sandbox.Timedout", "TimeoutError"])("called %s is a TIMEOUT", (name) => {
    expect(errorFromWire(name, "Task timed out after 900 seconds")).toMatchObject({ code: "TIMEOUT" });
  });
});

describe("what a Catch saw", () => {
  test("of a function is read out of the JSON in its cause", () => {
    const Cause = JSON.stringify({ errorType: "Throttled", errorMessage: "THROTTLED: slower", trace: ["at x"] });

    expect(errorOfCatch({ Error: "Throttled", Cause })).toMatchObject({ code: "THROTTLED", message: "slower" });
  });

  test.each([
    ["words", "an item failed"],
    ["JSON that was cut", '{"errorType":"Throttled","errorMess'],
    ["JSON of something else", "{}"],
  ])("with %s for a cause is an error of its name", (_what, Cause) => {
    const error = errorOfCatch({ Error: "States.ExceedToleratedFailureThreshold", Cause });

    expect(error).toMatchObject({ name: "States.ExceedToleratedFailureThreshold", message: Cause });
  });

  test("without a cause still says its name", () => {
    expect(errorOfCatch({ Error: "execution FAILED" })?.message).toBe("execution FAILED");
  });

  test("is nothing where nothing was caught", () => {
    expect(errorOfCatch(undefined)).toBeUndefined();
  });
});
