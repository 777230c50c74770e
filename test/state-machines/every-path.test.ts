import { describe, expect, test } from "vitest";
import type { WorkflowName } from "../../lib/flows/ports.ts";
import { historyEventsMax, payloadBytesAllowed } from "../support/history-meter.ts";
import { type Answers, edgesOf, type Path, walkMachine } from "../support/machine-walk.ts";

interface Walked {
  readonly input: object;
  readonly answers: Answers;
  /** Steps that close the record of the work, or hand it over, when they succeed; with an answer, only with that one. */
  readonly closers: readonly string[];
  /** A state that leaves the open record to the sweep, which finds that its execution has ended. */
  readonly leftTo?: string;
}

const attempt = { accountId: "ac1", attempt: 1 };

const machines: Readonly<Record<Exclude<WorkflowName, "dispatch">, Walked>> = {
  sync: {
    input: { ...attempt, runId: "rn1", kind: "postgres", itemsKey: "items" },
    answers: {
      "plan-run": [{ next: "finish" }, { next: "stage" }],
      "list-files": [{ next: "commit" }, { next: "stage" }],
      "stage-file": [{}],
      "commit-batch": [
        { next: "finish" },
        { next: "commit" },
        { next: "wait", waitSeconds: 5 },
        { next: "stage" },
        { next: "part" },
        { next: "fail" },
      ],
      "continue-run": [{}],
      "finish-run": [{}],
      "fail-run": [{}],
    },
    closers: ["finish-run", "fail-run", "continue-run"],
  },
  "check-connection": {
    input: { ...attempt, connectionId: "cn1", check: 1, kind: "postgres", waits: 0 },
    answers: {
      // Ended by the step itself, which also found what is wrong.
      "check-connection": [{ next: "end" }, { next: "cut" }],
      "prepare-cut": [{ next: "activate" }, { next: "end" }, { next: "wait" }],
      "activate-connection": [{}],
      "fail-check": [{}],
    },
    closers: ['check-connection {"next":"end"}', 'prepare-cut {"next":"end"}', "activate-connection", "fail-check"],
  },
  import: {
    input: { ...attempt, importId: "im1", itemsKey: "items" },
    answers: {
      "plan-import": [{ next: "end" }, { next: "scan" }, { next: "parse" }, { next: "close" }],
      "scan-range": [{}],
      "cut-ranges": [{ next: "parse" }],
      "parse-range": [{}],
      "publish-import": [{ next: "end" }, { next: "wait" }, { next: "close" }],
      "close-import": [{}],
      "fail-import": [{}],
    },
    closers: ['plan-import {"next":"end"}', 'publish-import {"next":"end"}', "close-import", "fail-import"],
    leftTo: "LeftToSweep",
  },
  consolidate: {
    input: { ...attempt, round: 1, itemsKey: "items" },
    answers: {
      "consolidate-round": [{ next: "end" }, { next: "parts" }, { next: "again" }],
      "run-part": [{}],
      "advance-round": [{ next: "end" }, { next: "parts" }, { next: "again" }],
      "close-consolidation": [{}],
      "fail-consolidation": [{}],
      "start-due-syncs": [{}],
    },
    closers: ["close-consolidation", "fail-consolidation"],
    leftTo: "LeftToSweep",
  },
};

describe.for(Object.keys(machines) as (keyof typeof machines)[])("every path through %s", (machine) => {
  const { input, answers, closers, leftTo } = machines[machine];
  const walked = walkMachine(machine, answers, input);

  test("closes the record, or leaves it to who looks for such records", async () => {
    const open = (await walked).filter((path) => !isAccountedFor(path, closers, leftTo));

    expect(open.map(({ story, end }) => [...story, end.status])).toEqual([]);
  });

  test("was walked: each choice, each catch, each step's every answer", async () => {
    const edges = new Set((await walked).flatMap((path) => [...path.edges]));

    expect(edgesOf(machine).filter((edge) => !edges.has(edge))).toEqual([]);
  });

  test("goes through tries that are used up, stops and failures that nobody catches", async () => {
    const paths = await walked;

    expect(Math.max(...paths.map(({ triesMax }) => triesMax))).toBeGreaterThan(3);
    expect([...new Set(paths.map(({ end }) => end.status))].sort()).toEqual(["ABORTED", "FAILED", "SUCCEEDED"]);
  });

  test("stays within what Step Functions keeps of an execution", async () => {
    const paths = await walked;

    expect(Math.max(...paths.map(({ eventsMax }) => eventsMax))).toBeLessThan(historyEventsMax);
    const answered = paths.filter(({ story }) => !story.some((line) => line.endsWith("DataLimitExceeded")));
    expect(Math.max(...answered.map(({ bytesMax }) => bytesMax))).toBeLessThan(payloadBytesAllowed);
  });
});

test("every path through dispatch ends, and an hour that failed says so", async () => {
  const paths = await walkMachine(
    "dispatch",
    {
      "list-due-accounts": [{ accounts: 0 }, { accounts: 2, itemsKey: "items" }],
      "dispatch-account": [{}],
    },
    { isNow: false, windowSeconds: 0, execution: "hour", delaySeconds: 0 },
  );

  const edges = new Set(paths.flatMap((path) => [...path.edges]));
  expect(edgesOf("dispatch").filter((edge) => !edges.has(edge))).toEqual([]);
  const failed = paths.filter(({ states }) => states.includes("HourLeftOut"));
  expect(failed.map(({ end }) => end.status).filter((status) => status !== "FAILED")).toEqual([]);
});

/** An execution that did not succeed is told to `close-execution`; one that did must have closed its record, or passed the state that leaves it to the sweep. */
function isAccountedFor({ story, states, end }: Path, closers: readonly string[], leftTo: string | undefined): boolean {
  if (end.status !== "SUCCEEDED") return true;
  if (leftTo !== undefined && states.includes(leftTo)) return true;
  return story.some((line) => {
    const [step = "", what = ""] = line.split(" ");
    return closers.includes(line) || (closers.includes(step) && what.startsWith("{"));
  });
}
