import type { Deps } from "../../lib/flows/deps.ts";
import { systemClock, systemRandomness } from "../../lib/platform/system-clock.ts";

export type LoggedEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

/** Deps with a clock, a log that is kept in `events`, and `given`; touching anything else is a failure of the test. */
export function bareDeps(options: { events?: LoggedEvent[]; given?: Partial<Deps> } = {}): Deps {
  const given: Partial<Deps> = {
    clock: systemClock,
    randomness: systemRandomness,
    uploadsAreWhole: true,
    tablePrefix: "klaviyo_",
    isPartialUpload: async () => false,
    log: (event, fields) => options.events?.push({ event, ...fields }),
    ...options.given,
  };
  return new Proxy(given, {
    get: (target, name) => {
      if (!(name in target)) throw new Error(`the test gave no deps.${String(name)}`);
      return Reflect.get(target, name);
    },
  }) as Deps;
}
