import { join } from "node:path";
import { expect, test } from "vitest";
import { startWhenFull } from "../../lib/flows/consolidate/start-when-full.ts";
import type { Workflows } from "../../lib/flows/ports.ts";
import { appendIntake } from "../../lib/flows/store/log.ts";
import type { AccountId, ImportId } from "../../lib/model/ids.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { anySignal } from "../support/account-rig.ts";
import { windableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";

const accountId = "ac00000000000001" as AccountId;

/** Appends entries of so many events each, asking after each whether enough waits; answers how many stood when it began. */
async function entriesUntilStart(eventRows: number, most: number): Promise<number | undefined> {
  using folder = tempFolder();
  const clock = windableClock();
  using table = openTable(join(folder.path, "table.sqlite"), { clock, survives: "process" });
  const started: string[] = [];
  const workflows: Workflows = {
    start: async (_machine, name) => {
      started.push(name);
      return "started";
    },
    stop: async () => undefined,
    describe: async () => "RUNNING",
  };
  for (let seq = 1; seq <= most; seq += 1) {
    const at = clock.now();
    const entry = {
      seq,
      importId: "im" as ImportId,
      listKey: "",
      profileRows: 0,
      eventRows,
      bytes: 1,
      acceptedAt: at,
      acceptedAtMin: at,
    };
    await table.transact(appendIntake(accountId, entry));
    await startWhenFull({ table, workflows, clock }, accountId, anySignal);
    if (started.length > 0) return seq;
  }
  return undefined;
}

test("many rows are consolidated without waiting for the hour", async () => {
  expect(await entriesUntilStart(9_000_000, 10)).toBe(3);
});

test("many small files are consolidated without waiting for the hour", async () => {
  expect(await entriesUntilStart(1, 200)).toBe(100);
});

test("a few rows wait for the hour", async () => {
  expect(await entriesUntilStart(1_000_000, 10)).toBeUndefined();
});
