import { SyncError } from "../model/errors.ts";
import type { Destination } from "./destination.ts";

/** Every warehouse we can write to. To add one: its folder, and its line here. */
export const destinations: Readonly<Record<string, () => Promise<{ readonly default: Destination }>>> = {
  duckdb: () => import("./duckdb/index.ts"),
  postgres: () => import("./postgres/index.ts"),
  redshift: () => import("./redshift/index.ts"),
  s3: () => import("./s3/index.ts"),
};

/** The kind by its name; its driver is loaded when a session is opened. Throws `NOT_FOUND` for one that there is not. */
export async function loadDestination(kind: string): Promise<Destination> {
  const load = Object.hasOwn(destinations, kind) ? destinations[kind] : undefined;
  if (load === undefined)
    throw new SyncError("NOT_FOUND", { message: `there is no destination ${JSON.stringify(kind)}` });
  return (await load()).default;
}
