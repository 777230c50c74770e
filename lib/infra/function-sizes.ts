import { writerStepNames } from "../flows/ports.ts";
import { functionSpecs } from "./function-specs.ts";
import { writerSpec } from "./specs/sync-specs.ts";

/** Memory and scratch disk of the function that does a step; writers do all that dials. Throws for a step that there is not. */
export function sizeOfStep(step: string): { readonly memoryMb: number; readonly scratchMb?: number } {
  const isWriters = (writerStepNames as readonly string[]).includes(step);
  const spec = isWriters ? writerSpec : functionSpecs[step];
  if (spec === undefined) throw new TypeError(`no function is called ${step}`);
  return spec;
}
