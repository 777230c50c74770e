import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RoundLimits } from "../../lib/flows/consolidate/consolidate-round.ts";
import { roundLimits } from "../../lib/flows/consolidate/consolidate-round.ts";
import { consolidationRig, contentOf, countsOf, smallLimits } from "../support/consolidation-rig.ts";
import { Oracle } from "../support/oracle.ts";
import { comparable, expectedContent } from "../support/oracle-content.ts";
import { histories, type Import, importsOf } from "../support/oracle-rows.ts";

/** Consolidates the imports, cut as they say, and compares everything with the oracle. */
async function agree(imports: readonly Import[], limits: RoundLimits): Promise<void> {
  using rig = await consolidationRig(limits);
  const oracle = new Oracle(rig.accountId);
  for (const { entry, fileRows, isConsolidated } of imports) {
    oracle.accept(entry);
    await rig.accept(entry, fileRows);
    if (isConsolidated) await rig.consolidate();
  }
  await rig.consolidate();

  const content = comparable(await contentOf(rig));
  const expected = expectedContent(oracle);
  expect(content.identities).toEqual(expected.identities);
  expect(content.profiles).toEqual(expected.profiles);
  expect(content.metrics).toEqual(expected.metrics);
  expect(content.events).toEqual(expected.events);
  expect(await countsOf(rig)).toEqual(oracle.counts);
  const state = await rig.state();
  expect(state.profileCount).toBe(oracle.profiles.size);
  expect(state.eventCount).toBe(oracle.events.size);
}

const runs = Number(process.env["ORACLE_RUNS"] ?? 24);
const how = { seed: Number(process.env["ORACLE_SEED"] ?? 20261124), endOnFailure: "ORACLE_RUNS" in process.env };

describe("any history of imports, cut in any way, comes to what it comes to row by row", () => {
  test("in one step per round", async () => {
    const property = fc.asyncProperty(histories, (history) => agree(importsOf(history), roundLimits));
    await fc.assert(property, { numRuns: runs, ...how });
  }, 600_000);

  test("fanned out into the smallest parts", async () => {
    const property = fc.asyncProperty(histories, (history) => agree(importsOf(history), smallLimits()));
    await fc.assert(property, { numRuns: Math.ceil(runs / 4), ...how });
  }, 600_000);
});
