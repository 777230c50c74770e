import { expect, test } from "vitest";
import { consolidationRig, contentOf, countsOf } from "../support/consolidation-rig.ts";

const acceptedAt = Date.UTC(2026, 10, 24, 12);

test("of one person a thousand times in a file the last row wins, and every row is counted", async () => {
  using rig = await consolidationRig();
  const rows = Array.from({ length: 1_000 }, (_, row) => ({
    external_id: "a",
    patch: { texts: { first_name: `name ${row}` } },
  }));
  await rig.accept({ acceptedAt, rows }, 300);

  await rig.consolidate();

  expect((await contentOf(rig)).profiles).toMatchObject([{ external_id: "a", first_name: "name 999" }]);
  expect(await countsOf(rig)).toEqual([{ new: 1, changed: 999, present: 0 }]);
});
