import { consolidateSpecs } from "./specs/consolidate-specs.ts";
import { doorSpecs } from "./specs/door-specs.ts";
import type { FunctionSpecs } from "./specs/function-spec.ts";
import { importSpecs } from "./specs/import-specs.ts";
import { syncSpecs, writerSpec } from "./specs/sync-specs.ts";

/** Every function by its folder under `functions/`, the writers aside. */
export const functionSpecs: FunctionSpecs = { ...importSpecs, ...consolidateSpecs, ...syncSpecs, ...doorSpecs };

/** Whether a function, or `writer-<kind>`, finds DuckDB in a layer. */
export function hasEngine(name: string): boolean {
  const spec = name.startsWith("writer") ? writerSpec : functionSpecs[name];
  return spec?.hasEngine === true;
}
