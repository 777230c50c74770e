import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jobOutcome } from "../support/job-outcome.ts";
import { openJob } from "../support/main-job.ts";

/**
 * `victim.ts <folder> [point]`: a process that does the main job on a folder, and kills itself at a point if one is
 * given. When it lives to the end it leaves `outcome.json` there.
 */
const [folder = "", point] = process.argv.slice(2);
const job = await openJob(folder, point === undefined ? "record" : { sigkillAt: Number(point) });
await job.work();
const outcome = await jobOutcome(folder, job.deps);
job.end();
writeFileSync(join(folder, "outcome.json"), JSON.stringify({ outcome, points: job.kills.points }));
