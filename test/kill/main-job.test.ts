import { expect, test } from "vitest";
import { jobOutcome } from "../support/job-outcome.ts";
import { openJob } from "../support/main-job.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** How many points apart the sample is; `npm run test:full` takes every one, with a real SIGKILL. */
const stride = 101;

test("the main job ends the same when its process is killed at a sample of all effects", async () => {
  const golden = await goldenJob();
  const points = golden.points;

  for (let killAt = 0; killAt < points.length; killAt += stride) {
    await using folder = tempFolder();
    const doomed = await openJob(folder.path, { killAt });
    await doomed.work().catch(() => undefined);
    doomed.end();
    const heir = await openJob(folder.path);
    await heir.work();
    const outcome = await jobOutcome(folder.path, heir.deps);
    heir.end();

    expect(outcome, `killed at ${killAt}: ${points[killAt]}`).toEqual(golden.outcome);
  }
}, 300_000);

test("the main job's rows, counts and statuses are those that the files ask for", async () => {
  const { outcome } = await goldenJob();

  expect(outcome.profiles).toHaveLength(5);
  expect(outcome.events).toHaveLength(5);
  expect(outcome.syncs).toEqual([
    ["events", "historical", "Completed", null],
    ["events", "periodic", "Scheduled", null],
    ["profiles", "historical", "Completed", null],
    ["profiles", "periodic", "Scheduled", null],
  ]);
});

async function goldenJob() {
  await using folder = tempFolder();
  const job = await openJob(folder.path);
  await job.work();
  const outcome = await jobOutcome(folder.path, job.deps);
  job.end();
  return { outcome, points: job.kills.points };
}
