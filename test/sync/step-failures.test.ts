import { describe, expect, test } from "vitest";
import { sweep } from "../../lib/flows/dispatch/sweep.ts";
import { getConnectionRecord } from "../../lib/flows/store/connections.ts";
import { listedRuns } from "../../lib/flows/store/runs.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { payloadBytesMax } from "../../lib/platform/execution-rules.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { type StepHooks, syncRig } from "../support/sync-rig.ts";

/** Ways in which a step fails whenever it is called. */
const ways: Readonly<Record<string, NonNullable<StepHooks["around"]>>> = {
  "an error that is tried again": () => Promise.reject(new SyncError("HOST_UNREACHABLE")),
  "a bug": () => Promise.reject(new TypeError("a bug")),
  "an answer that is lost": async (_step, run) => {
    await run();
    throw new TypeError("the answer is lost");
  },
  "a failure that no Catch sees": async () => "x".repeat(payloadBytesMax),
};

/** With the step that would record the failure failing too, what is left is the rule on execution status. */
const alsoFailing = [[], ["fail-run", "fail-check"]] as const;

const cases = (steps: readonly string[]) =>
  steps.flatMap((step) =>
    Object.keys(ways).flatMap((way) => alsoFailing.map((others) => [step, way, [step, ...others]] as const)),
  );

function failing(steps: readonly string[], way: string): NonNullable<StepHooks["around"]> {
  return async (step, run) => (steps.includes(step) ? ways[way]?.(step, run) : run());
}

describe("a sync", () => {
  test.each(cases(["plan-run", "list-files", "stage-file", "commit-batch", "finish-run"]))(
    "whose %s meets %s (failing: %j) ends its attempt, and goes on when that is over",
    async (_step, way, steps) => {
      await using rig = await syncRig();
      await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
      await rig.connect();
      await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 4)] });
      rig.steps.around = failing(steps, way);

      await rig.tick();
      const open = await listedRuns(rig.deps.table, "open-runs");
      delete rig.steps.around;
      await rig.tick();
      await sweep(rig.deps, {}, anySignal);
      await rig.settled();

      expect(open).toEqual([]);
      expect(rig.server.tables.profiles.size).toBe(4);
      expect(await rig.sync("profiles", "periodic")).toMatchObject({ runId: null, lastError: null, failedAt: null });
      expect(rig.server.staged.size).toBe(0);
    },
  );
});

describe("a check", () => {
  test.each(cases(["check-connection", "prepare-cut", "activate-connection"]))(
    "whose %s meets %s (failing: %j) comes to an end",
    async (_step, way, steps) => {
      await using rig = await syncRig();
      rig.steps.around = failing(steps, way);

      const { id } = await rig.connect();

      const { check, state } = await getConnectionRecord(rig.deps.table, rig.accountId, id);
      expect(check).toBeNull();
      expect(["unable to connect", "enabled"]).toContain(state);
    },
  );
});
