import { describe, expect, test } from "vitest";
import type { StepName } from "../../lib/destinations/destination.ts";
import { eventRow, metricRow } from "../support/change-files.ts";
import { type Break, breakingDial } from "../support/tcp-proxy.ts";
import { codeOf, commit, commitBeds, warehouseRig } from "../support/warehouse-rig.ts";

const passing = ["no failure", "CONNECTION_LOST", "HOST_UNREACHABLE", "TIMEOUT", "DEST_BUSY", "THROTTLED", "UNKNOWN"];
const breaks: readonly Break[] = ["request lost", "request cut", "answer lost"];
const places = (["fence", "merge", "commit", "read-back"] as const satisfies readonly StepName[]).flatMap((step) =>
  breaks.map((how) => [step, how] as const),
);

describe.for(commitBeds)("a %s warehouse", (bed) => {
  test.for(places)("whose line breaks at %s, the %s, takes the batch once", async ([step, how]) => {
    await using rig = await warehouseRig(bed);
    const line = breakingDial(rig.bed.dial);
    let passed = 0;
    await using breaking = await rig.open({
      dial: line.dial,
      onStep: (name, moment) => {
        if (name !== step || moment !== "before" || passed > 0) return;
        passed += 1;
        line.breakNext(how);
      },
    });
    await using sure = await rig.open();
    const files = [[eventRow("a", 1), eventRow("b", 1)], [eventRow("b", 2)]];
    const batch = await rig.stage(breaking, { object: "events", files, metrics: [metricRow("m1", 1)] });

    const outcome = await codeOf(commit(breaking, batch, 1));
    const receipt = await commit(sure, batch, 2);

    expect(passing).toContain(outcome);
    expect(receipt).toMatchObject(rig.counts(3, 2, 0));
    expect((await rig.bed.rows("event")).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await rig.bed.rows("metric")).toHaveLength(1);
    expect(await rig.receipts()).toHaveLength(1);
    expect(await commit(sure, batch, 2)).toEqual(receipt);
    // Without a line there is none to break, and without that step no moment for it.
    const isBroken = !rig.destination.embeddedOnly && passed > 0;
    expect(line.breaks > 0, `${line.breaks} lines broke`).toBe(isBroken);
  });
});
