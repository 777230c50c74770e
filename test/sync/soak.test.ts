import { expect, test } from "vitest";
import { runSoak } from "../soak/soak.ts";
import { kinds } from "../support/warehouse-rig.ts";

// Longer, and with other seeds: npm run test:soak
const places = [["memory", 11, 24] as const, ...kinds.map((kind, index) => [kind, 12 + index, 6] as const)];

test.each(places)(
  "whatever goes wrong with a %s warehouse at once (seed %i), it all holds in the end",
  async (kind, seed, hours) => {
    const report = await runSoak({ kind, seed, goesOn: (passed) => passed < hours });

    expect(report.broken).toEqual([]);
    expect(report.faults["refuses"]).toBeGreaterThan(0);
    expect(report.rows.events).toBeGreaterThan(20);
  },
);
