import { describe, expect, test } from "vitest";
import { endOf } from "../../functions/close-execution/status-change.ts";
import { executionEnded } from "../support/aws/events.ts";

const prefix = "arn:aws:states:eu-central-1:111122223333:stateMachine:warehouse-sync-";
const input = { accountId: "ac1", runId: "ru1", attempt: 2 };

describe("the event of an execution that ended", () => {
  test.each(["import", "check-connection"])("names the machine %s, the execution and its input", (machine) => {
    const event = executionEnded({ machineArn: `${prefix}${machine}`, name: "ru1-2", status: "TIMED_OUT", input });

    expect(endOf(event, prefix)).toEqual({ machine, name: "ru1-2", status: "TIMED_OUT", input });
  });

  test.each(["arn:aws:states:eu-central-1:111122223333:stateMachine:somebody-elses", `${prefix}sync/StageFiles`])(
    "of %s is not ours to close",
    (machineArn) => {
      expect(endOf(executionEnded({ machineArn, name: "x", status: "FAILED", input }), prefix)).toBeUndefined();
    },
  );

  test("without its input is refused, for the dead letters", () => {
    const event = executionEnded({ machineArn: `${prefix}sync`, name: "x", status: "FAILED", input: undefined });

    expect(() => endOf(event, prefix)).toThrow();
  });
});
