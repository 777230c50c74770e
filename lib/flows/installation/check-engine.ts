import * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";

export const CheckEngineRequest = z.strictObject({});

/** The engine as it runs here. */
export interface EngineFacts {
  readonly engine: "duckdb";
  /** `v1.5.6` */
  readonly version: string;
  /** `linux_arm64` */
  readonly architecture: string;
}

/** Starts the engine and asks it who it is. Throws `ENGINE_UNAVAILABLE` with the loader's own words, such as a library that is missing. */
export async function checkEngine(
  deps: Pick<Deps, "engine">,
  _request: z.infer<typeof CheckEngineRequest>,
  signal: AbortSignal,
): Promise<EngineFacts> {
  try {
    await using session = await deps.engine.open(signal);
    const [row] = await session.json("SELECT version() AS version, platform FROM pragma_platform()");
    return { engine: "duckdb", version: String(row?.["version"]), architecture: String(row?.["platform"]) };
  } catch (cause) {
    signal.throwIfAborted();
    const externalMessage = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("ENGINE_UNAVAILABLE", { externalMessage, cause });
  }
}
