import { writeSync } from "node:fs";
import type { Batch, StepName } from "../../lib/destinations/destination.ts";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { loadTestbed, loopbackDial } from "../../lib/destinations/testbed.ts";
import type { LogId } from "../../lib/model/ids.ts";

/** What a process of its own is told to do: commit a batch, and stand still at one step until it is killed. */
export interface CommitChildRequest {
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** The testbed's, where it has one. */
  readonly handle?: unknown;
  readonly batch: Batch;
  readonly fence: number;
  readonly step: StepName;
  readonly moment: "before" | "after";
}

const request: CommitChildRequest = JSON.parse(process.argv[2] ?? "");
const destination = await loadDestination(request.kind);
const target = { logId: "lg00000000000001" as LogId, tablePrefix: "klaviyo_" };
const more = (await loadTestbed(request.kind)).openOptionsOf?.(request.handle) ?? {};
const keepAlive = setInterval(() => undefined, 1_000);
await using warehouse = await destination.open(request.settings, target, {
  signal: AbortSignal.timeout(60_000),
  dial: loopbackDial,
  folder: request.folder,
  ...more,
  onStep: async (step, moment) => {
    if (step !== request.step || moment !== request.moment) return;
    writeSync(1, "reached\n");
    await new Promise(() => undefined);
  },
});
await warehouse.commit(request.batch, request.fence);
clearInterval(keepAlive);
