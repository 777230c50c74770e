/** The time of an installation: this machine's, put ahead. */
export interface InstallationClock {
  readonly aheadMs: () => number;
  readonly nowMs: () => number;
  /** Lets time pass. */
  wind(ms: number): void;
}

export function installationClock(): InstallationClock {
  let aheadMs = 0;
  return {
    aheadMs: () => aheadMs,
    nowMs: () => Date.now() + aheadMs,
    wind: (ms) => {
      aheadMs += ms;
    },
  };
}
