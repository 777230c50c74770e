import { expect, test } from "vitest";
import { type Condition, ConditionFailed } from "../../lib/flows/ports.ts";
import type { OpenTableBed } from "./table-contract.ts";

const stored = { pk: "p", sk: "k", n: 5, text: "mé", flag: true, nothing: null };
const emoji = "😀";
const privateUse = "\uE000";
const textOrder = ["text is compared by its bytes, not by UTF-16 units"];

/** What conditions mean, clause by clause. */
export function describeConditions(open: OpenTableBed, flaws: readonly string[]): void {
  const where = (attribute: string, is: "=" | "<>" | "<" | "<=" | ">" | ">=", value: string | number | boolean) => ({
    where: [{ attribute, is, value }],
  });
  const cases: readonly (readonly [string, Condition, boolean])[] = [
    ["item present", { item: "present" }, true],
    ["item absent", { item: "absent" }, false],
    ["no clause", {}, true],
    ["attribute present", { where: [{ attribute: "n", is: "present" }] }, true],
    ["null is present", { where: [{ attribute: "nothing", is: "present" }] }, true],
    ["attribute absent", { where: [{ attribute: "other", is: "absent" }] }, true],
    ["present attribute absent", { where: [{ attribute: "n", is: "absent" }] }, false],
    ["n = 5", where("n", "=", 5), true],
    ["n = '5'", where("n", "=", "5"), false],
    ["n <> 5", where("n", "<>", 5), false],
    ["n <> 6", where("n", "<>", 6), true],
    ["n <> '5'", where("n", "<>", "5"), true],
    ["other <> 5", where("other", "<>", 5), true],
    ["other = 5", where("other", "=", 5), false],
    ["n < 5", where("n", "<", 5), false],
    ["n < 5.5", where("n", "<", 5.5), true],
    ["n <= 5", where("n", "<=", 5), true],
    ["n > 4", where("n", ">", 4), true],
    ["n >= 6", where("n", ">=", 6), false],
    ["n > -10", where("n", ">", -10), true],
    ["n < '9'", where("n", "<", "9"), false],
    ["other < 5", where("other", "<", 5), false],
    ["other >= 5", where("other", ">=", 5), false],
    ["text > 'mz'", where("text", ">", "mz"), true],
    ["text = 'mé'", where("text", "=", "mé"), true],
    ["flag = true", where("flag", "=", true), true],
    ["flag = false", where("flag", "=", false), false],
    ["sk = 'k'", where("sk", "=", "k"), true],
    ["both", { where: [...where("n", "=", 5).where, ...where("flag", "=", false).where] }, false],
  ];

  test.each(cases.filter(([name]) => !flaws.includes(name)))(
    "on a stored item, %s: %o is %s",
    async (_, condition, isMet) => {
      await using bed = await open();
      await bed.table.put(stored);

      const put = bed.table.put({ ...stored, n: 6 }, condition);
      const outcome = await put.then(() => true).catch((error: unknown) => !(error instanceof ConditionFailed));

      expect(outcome).toBe(isMet);
      expect((await bed.table.get(stored))?.["n"]).toBe(isMet ? 6 : 5);
    },
  );

  test.each(textOrder.filter((name) => !flaws.includes(name)))("%s", async () => {
    await using bed = await open();
    await bed.table.put({ pk: "p", sk: "k", text: emoji });

    await bed.table.delete({ pk: "p", sk: "k" }, where("text", ">", privateUse));

    expect(await bed.table.get({ pk: "p", sk: "k" })).toBeUndefined();
  });

  test("an absent item meets <> and absent, and no other clause", async () => {
    await using bed = await open();
    const deleteIf = (condition: Condition) => bed.table.delete({ pk: "p", sk: "none" }, condition);

    await deleteIf({ item: "absent", where: [{ attribute: "n", is: "absent" }] });
    await deleteIf(where("n", "<>", 1));

    await expect(deleteIf(where("n", "=", 1))).rejects.toThrow(ConditionFailed);
    await expect(deleteIf({ item: "present" })).rejects.toThrow(ConditionFailed);
  });
}
