import { describe, expect, test } from "vitest";
import { endOf } from "../../functions/close-execution/status-change.ts";
import { executionEnded } from "../support/aws/events.ts";

const prefix = "arn:aws:states:eu-central-1:111122223333:stateMachine:warehouse-sync-";
const input = { accountId: "ac1", runId: "ru1", attempt: 2 };

/** Step Functions, asked for the input of an execution. */
function asked() {
  const arns: string[] = [];
  const inputOf = async (executionArn: string) => {
    arns.push(executionArn);
    return input;
  };
  return { arns, inputOf };
}

describe("the event of an execution that ended", () => {
  test.each(["import", "check-connection"])(
    "names the machine %s and the execution, whose input is asked for",
    async (machine) => {
      const { arns, inputOf } = asked();
      const event = executionEnded({
        machineArn: `${prefix}${machine}`,
        name: "ru1-2",
        status: "TIMED_OUT",
      });

      const end = await endOf(event, prefix, inputOf);

      expect(end).toEqual({ machine, name: "ru1-2", status: "TIMED_OUT", input });
      expect(arns).toEqual([`${prefix.replace("stateMachine", "execution")}${machine}:ru1-2`]);
    },
  );

  test.each(["arn:aws:states:eu-central-1:111122223333:stateMachine:somebody-elses", `${prefix}sync/StageFiles`])(
    "of %s is not ours to close",
    async (machineArn) => {
      const { arns, inputOf } = asked();

      const end = await endOf(executionEnded({ machineArn, name: "x", status: "FAILED" }), prefix, inputOf);

      expect(end).toBeUndefined();
      expect(arns).toEqual([]);
    },
  );
});
