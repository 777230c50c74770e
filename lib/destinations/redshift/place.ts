import type { OpenOptions, StagingArea, StepName, Target } from "../destination.ts";
import { redshiftDialect } from "./dialect.ts";
import type { MergePlace } from "./merge-statements.ts";
import type { RedshiftSettings } from "./settings.ts";
import { stagingAreaOf } from "./staging.ts";

/** All that both transports work with. */
export interface Place extends MergePlace {
  readonly settings: RedshiftSettings;
  readonly target: Target;
  readonly options: OpenOptions;
  /** Throws `SETTINGS_INVALID` where there is nowhere to stage. */
  readonly area: () => StagingArea;
  /** Tells before and after a step with an outside effect. */
  readonly step: <T>(name: StepName, work: () => Promise<T>) => Promise<T>;
}

/** Puts together what both transports work with; reaches nothing. */
export function placeOf(settings: RedshiftSettings, target: Target, options: OpenOptions): Place {
  let area: StagingArea | undefined;
  return {
    settings,
    target,
    options,
    dialect: redshiftDialect(settings.schema),
    prefix: target.tablePrefix,
    area: () => {
      area ??= stagingAreaOf(settings, options);
      return area;
    },
    step: async (name, work) => {
      await options.onStep?.(name, "before");
      const result = await work();
      await options.onStep?.(name, "after");
      return result;
    },
  };
}
