import { writeSync } from "node:fs";
import type { Batch, StepName } from "../../lib/destinations/destination.ts";
import { loadDestination } from "../../lib/destinations/registry.ts";
import { loadTestbed, loopbackDial, type Testbed } from "../../lib/destinations/testbed.ts";
import type { LogId } from "../../lib/model/ids.ts";

/** What a process of its own is told to do: commit a batch, and stand still at one step, until it is killed or for as long as it is stopped. */
export interface CommitChildRequest {
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** The testbed's, where it has one. */
  readonly handle?: unknown;
  readonly target?: Testbed["target"];
  readonly batch: Batch;
  readonly fence: number;
  readonly step: StepName;
  readonly moment: "before" | "after";
  /** Stops itself by SIGSTOP there, and goes on when it is continued. @default false */
  readonly stops?: boolean;
}

const request: CommitChildRequest = JSON.parse(process.argv[2] ?? "");
const destination = await loadDestination(request.kind);
const target = { logId: "lg00000000000001" as LogId, tablePrefix: "klaviyo_", ...request.target };
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
    if (request.stops !== true) await new Promise(() => undefined);
    process.kill(process.pid, "SIGSTOP");
  },
});
try {
  let answer = await warehouse.commit(request.batch, request.fence);
  while ("token" in answer) answer = await warehouse.poll(answer.token);
  writeSync(1, "committed\n");
} catch (error) {
  writeSync(1, `${(error as { code?: string }).code ?? String(error)}\n`);
}
clearInterval(keepAlive);
