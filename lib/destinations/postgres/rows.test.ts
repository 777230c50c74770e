import { describe, expect, test } from "vitest";
import { profileRow } from "../../../test/support/change-files.ts";
import { commit, warehouseRig } from "../../../test/support/warehouse-rig.ts";

describe("a row that PostgreSQL cannot hold", () => {
  const refused = [
    ["U+0000 in JSON", { properties: '{"a":"\\u0000"}' }, /cannot be converted to text/],
    ["a number beyond numeric", { properties: '{"a":1e200000}' }, /overflow|out of range/],
  ] as const;
  test.each(refused)(
    "for %s is refused when its file is staged, with the reason and the line",
    async (_name, values, reason) => {
      await using rig = await warehouseRig("postgres");
      await using warehouse = await rig.open();

      const staging = rig.stage(warehouse, { files: [[profileRow("a", 1), profileRow("b", 1, values)]] });

      await expect(staging).rejects.toMatchObject({ code: "ROW_REJECTED", name: "DataRefused" });
      await expect(staging).rejects.toMatchObject({ externalMessage: expect.stringMatching(reason) });
      await expect(staging).rejects.toMatchObject({
        externalMessage: expect.stringContaining("line 2, column properties"),
      });
      const good = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
      expect(await commit(warehouse, good)).toMatchObject({ rowsInserted: 1 });
    },
  );
});
