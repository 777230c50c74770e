import type { Destination, Warehouse } from "../../destinations/destination.ts";
import type { EncodeRequest } from "../../engine/encode/encode-file.ts";
import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Plan, PlannedFile } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { metricsNumber } from "./list-files.ts";
import type { OpenRun } from "./open-run.ts";
import type { Staging } from "./stage-rows.ts";

interface StagingRequest {
  readonly scope: OpenRun;
  readonly plan: Plan;
  /** Of the file within the plan. */
  readonly number: number;
  readonly warehouse: () => Promise<Warehouse>;
  /** Rows that were set aside before. */
  readonly excluded: readonly number[];
}

/** All that it takes to encode and stage rows of one file of a plan; `await using` removes the local copy. */
export async function openStaging(
  deps: Deps,
  request: StagingRequest,
  signal: AbortSignal,
): Promise<Staging & AsyncDisposable> {
  const { scope, plan, number, warehouse, excluded } = request;
  const file = fileOf(plan, number);
  const destination = await deps.destination(scope.connection.kind);
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await deps.files.download(file.source.key, { signal }));
  const session = opened.use(await deps.engine.open(signal));
  const encode = {
    ...encodeRequest(plan, number, source.path, { destination, settings: scope.connection.settings }),
    excluded,
    seqBase: scope.connection.seqBase ?? 0,
  };
  const kept = opened.move();
  return {
    ...{ deps, scope, plan, file, destination, session, encode, warehouse },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function fileOf(plan: Plan, number: number): Pick<PlannedFile, "number" | "source"> {
  if (number === metricsNumber && plan.metricFile !== null) return { number, source: { ...plan.metricFile, file: 0 } };
  const file = plan.files.find((planned) => planned.number === number);
  if (file === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `${plan.id} has no file ${number}` });
  return file;
}

function encodeRequest(
  plan: Plan,
  number: number,
  source: string,
  { destination, settings }: { destination: Destination; settings: Connection["settings"] },
): EncodeRequest {
  return {
    object: number === metricsNumber ? "metrics" : plan.object,
    source,
    filter: plan,
    encoding: destination.stagingOf(settings),
    valueBytesMax: destination.limits.valueBytesMax,
    jsonBytesMax: destination.limits.jsonBytesMax,
  };
}
