import { stat } from "node:fs/promises";
import type { Destination, EncodedFile, StagedFile, Warehouse } from "../../destinations/destination.ts";
import { type EncodeRequest, encodeFile, passesUntouched } from "../../engine/encode/encode-file.ts";
import type { EngineSession } from "../../engine/engine.ts";
import type { Plan, PlannedFile } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import type { OpenRun } from "./open-run.ts";
import { scratchFile } from "./scratch.ts";

/** What one call of `stageFile` works with. */
export interface Staging {
  readonly deps: Deps;
  readonly scope: OpenRun;
  readonly plan: Plan;
  readonly file: Pick<PlannedFile, "number" | "source">;
  readonly destination: Destination;
  readonly session: EngineSession;
  readonly encode: EncodeRequest;
  /** The session with the warehouse; opened at the first call, so that an empty file wakes none. */
  readonly warehouse: () => Promise<Warehouse>;
}

/** Encodes some rows of the file and stages them under a number. Without a row left, nothing is staged. */
export async function stageRows(
  staging: Staging,
  encode: EncodeRequest,
  number: number,
): Promise<{ rows: number; staged: StagedFile | null }> {
  const { plan, file, session } = staging;
  const { eventAtMin, eventAtMax } = file.source;
  const times = eventAtMin === undefined || eventAtMax === undefined ? {} : { eventAtMin, eventAtMax };
  const about = { planId: plan.id, number, object: encode.object, ...times };
  if (passesUntouched(encode)) {
    const whole: EncodedFile = { ...about, path: encode.source, rows: file.source.rows, bytes: file.source.bytes };
    return { rows: whole.rows, staged: await (await staging.warehouse()).stage(whole) };
  }
  await using scratch = await scratchFile(staging.deps, encode.encoding);
  const rows = await encodeFile(session, encode, scratch.path);
  if (rows === 0) return { rows, staged: null };
  const { size: bytes } = await stat(scratch.path);
  return { rows, staged: await (await staging.warehouse()).stage({ ...about, path: scratch.path, rows, bytes }) };
}
