import { expect, test } from "vitest";
import { startDueSyncs } from "../../lib/flows/dispatch/start-due-syncs.ts";
import { sweepRuns } from "../../lib/flows/dispatch/sweep-runs.ts";
import { quarantineOf } from "../../lib/flows/store/quarantine.ts";
import { refusedFile } from "../../lib/flows/store/runs.ts";
import { listErrors } from "../../lib/flows/sync/list-errors.ts";
import { listRuns } from "../../lib/flows/sync/list-runs.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { DataObject } from "../../lib/model/log.ts";
import { hourMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { eventRow, profileRow } from "../support/change-files.ts";
import { events, profiles, publishChanges } from "../support/change-log.ts";
import { tilingFaults } from "../support/receipts.ts";
import { type SyncRig, syncRig, takeUpAll } from "../support/sync-rig.ts";

const metric = { id: "m1", integrationId: null, integrationName: null, integrationCategory: null };

async function connected(seed = 1): Promise<SyncRig> {
  const rig = await syncRig(seed);
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)], events: [events(1, 1)] });
  await rig.connect();
  return rig;
}

function refuseLate(rig: SyncRig, ids: readonly string[]): void {
  rig.server.mischief.refusesLate = (row) => ids.includes(String(row["id"]));
}

/** Ids of all quarantined rows, record by record. */
async function quarantined(rig: SyncRig): Promise<string[][]> {
  const { connectionId } = await rig.sync("profiles", "periodic");
  const records = (await quarantineOf(rig.deps.table, rig.accountId, connectionId, { limit: 1_000 })).records;
  await using session = await rig.deps.engine.open(anySignal);
  const ids: string[][] = [];
  for (const record of records) {
    await using file = await rig.deps.files.download(record.fileKey);
    const rows = await session.json(`SELECT id FROM read_parquet('${file.path}') ORDER BY id`);
    expect(rows).toHaveLength(record.rows);
    ids.push(rows.map((row) => String(row["id"])));
  }
  return ids;
}

async function tiling(rig: SyncRig, object: DataObject, files: number): Promise<readonly string[]> {
  const sync = await rig.sync(object, "periodic");
  const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
  return tilingFaults({ seq: 1, file: 1 }, receipts, (seq) => (seq === 1 ? 1 : files));
}

test("rows refused at the commit are found, set aside with the vendor's words, and the others arrive", async () => {
  await using rig = await connected();
  refuseLate(rig, ["p7", "p8", "p40"]);
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 30), profiles(31, 50), profiles(51, 60)] });

  await rig.tick();

  expect(rig.server.tables.profiles.size).toBe(60 - 3);
  expect(await quarantined(rig)).toEqual([["p7", "p8"], ["p40"]]);
  const sync = await rig.sync("profiles", "periodic");
  expect(sync).toMatchObject({ watermark: { seq: 2, file: 3 }, lastError: null, erroredSince: null, rowsSent: 56 });
  expect(await tiling(rig, "profiles", 3)).toEqual([]);
  const ref = { accountId: rig.accountId, syncId: sync.id };
  const [run] = (await listRuns(rig.deps, ref, anySignal)).items;
  expect(run).toMatchObject({ rowsQuarantined: 3, state: "completed", attempt: 1 });
  const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
  expect(receipts.reduce((sum, receipt) => sum + receipt.rowsQuarantined, 0)).toBe(3);
  const [error] = (await listErrors(rig.deps, ref, anySignal)).items;
  expect(error).toMatchObject({ code: "ROW_REJECTED", step: "commit", vendorCode: "M-23", vendorRef: "query-1" });
  expect(rig.server.staged.size).toBe(0);
  expect(await refusedFile(rig.deps.table, rig.accountId, run?.id ?? ("" as never), 1)).toBeUndefined();
});

test.each(["line", "id"] as const)(
  "rows that the error names by their %s are set aside without a search",
  async (naming) => {
    await using rig = await connected();
    refuseLate(rig, ["p7", "p40"]);
    let rehearsals = 0;
    Object.assign(rig.server.mischief, {
      naming,
      onRehearse: () => {
        rehearsals += 1;
      },
    });
    await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 30), profiles(31, 50)] });

    await rig.tick();

    expect(rehearsals).toBe(0);
    expect(await quarantined(rig)).toEqual([["p7"], ["p40"]]);
    expect(rig.server.tables.profiles.size).toBe(50 - 2);
    expect(await tiling(rig, "profiles", 2)).toEqual([]);
  },
);

test("rows refused at staging and others at the commit of one file are each set aside once", async () => {
  await using rig = await connected();
  rig.server.mischief.refuses = (row) => row["id"] === "p3";
  refuseLate(rig, ["p5"]);
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 9)] });

  await rig.tick();

  expect((await quarantined(rig)).flat().sort()).toEqual(["p3", "p5"]);
  expect(rig.server.tables.profiles.size).toBe(9 - 2);
  expect(rig.server.receipts.at(-1)).toMatchObject({ rowsStaged: 6, rowsQuarantined: 2 });
});

test("a file of nothing but rows refused at the commit is passed by a skip", async () => {
  await using rig = await connected();
  rig.server.mischief.refusesLate = () => true;
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 4)] });

  await rig.tick();

  expect(await rig.sync("profiles", "periodic")).toMatchObject({ watermark: { seq: 2, file: 1 }, lastError: null });
  expect(await quarantined(rig)).toEqual([["p2", "p3", "p4"]]);
});

test("a metric refused at the commit is set aside, and the events arrive", async () => {
  await using rig = await connected();
  const now = rig.clock.now();
  refuseLate(rig, ["m1"]);
  await publishChanges(rig.deps, rig.accountId, {
    events: [[eventRow("e2", 0)]],
    metrics: [{ ...metric, name: "Placed Order", createdAt: now, updatedAt: now, seq: 1 }],
  });

  await rig.tick();

  expect(rig.server.tables.events.size).toBe(2);
  expect(rig.server.tables.metrics.size).toBe(0);
  expect(await quarantined(rig)).toEqual([["m1"]]);
});

test("a commit that is polled and then refused is narrowed too", async () => {
  await using rig = await connected();
  refuseLate(rig, ["p3"]);
  rig.server.mischief.pollsNeeded = 2;
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 5), profiles(6, 7)] });

  await rig.tick();

  expect(await quarantined(rig)).toEqual([["p3"]]);
  expect(rig.server.tables.profiles.size).toBe(6);
});

test("a refusal that no row explains stays an error, and nothing is set aside", async () => {
  await using rig = await connected();
  rig.server.mischief.onCommit = () => {
    throw new SyncError("ROW_REJECTED", { externalMessage: "a trigger says no" });
  };
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(2, 5)] });

  await rig.tick();
  const sync = await rig.sync("profiles", "periodic");
  rig.server.mischief = {};
  await rig.tick();

  expect(sync).toMatchObject({ watermark: { seq: 1 }, lastError: { code: "ROW_REJECTED" } });
  expect(await quarantined(rig)).toEqual([]);
  expect(rig.server.tables.profiles.size).toBe(5);
});

test("a warehouse short of memory gets half the files", async () => {
  await using rig = await connected();
  rig.server.limits = { ...rig.server.limits, batchFilesMax: 8 };
  rig.server.mischief.onCommit = (batch) => {
    if (batch.files.length > 2) throw new SyncError("DEST_BUSY", { externalMessage: "Out of Memory Error" });
  };
  const files = Array.from({ length: 8 }, (_, index) => [profileRow(`q${index}`, 0)]);
  await publishChanges(rig.deps, rig.accountId, { profiles: files });

  await rig.tick();

  expect(rig.server.tables.profiles.size).toBe(9);
  expect(await rig.sync("profiles", "periodic")).toMatchObject({ lastError: null, filesPerBatch: 2 });
});

// Every third effect: the search between them is the same record, written again and again.
test("a search that is killed at any effect ends as one that was not", { timeout: 180_000 }, async () => {
  await using rig = await connected();
  const total = { rows: 1, bad: 0 };

  for (let [killAt, round] = [0, 0]; ; [killAt, round] = [killAt + 3, round + 1]) {
    const name = (row: number) => `k${round}-${row}`;
    refuseLate(rig, [name(1), name(5)]);
    const file = (from: number) => [0, 1, 2].map((row) => profileRow(name(from + row), 0));
    await publishChanges(rig.deps, rig.accountId, { profiles: [file(0), file(3)] });
    rig.clock.wind(hourMs);
    const doomed = rig.process({ killAt });
    await startDueSyncs(doomed.deps, { accountId: rig.accountId }, anySignal).catch(() => undefined);
    await doomed.settled();
    const heir = rig.process();
    await takeUpAll(heir.deps);
    await startDueSyncs(heir.deps, { accountId: rig.accountId }, anySignal);
    await heir.settled();

    total.rows += 4;
    total.bad += 2;
    expect(rig.server.tables.profiles.size, `killed at ${doomed.kills.points.at(-1)}`).toBe(total.rows);
    const sync = await rig.sync("profiles", "periodic");
    expect(sync).toMatchObject({ runId: null, watermark: { seq: round + 2, file: 2 }, lastError: null });
    const receipts = rig.server.receipts.filter((receipt) => receipt.syncId === sync.id);
    expect(receipts.reduce((sum, receipt) => sum + receipt.rowsQuarantined, 0)).toBe(total.bad);
    expect(await tiling(rig, "profiles", 2)).toEqual([]);
    if (!doomed.kills.isDead) break;
  }

  await sweepRuns(rig.deps, anySignal);
  expect((await quarantined(rig)).flat()).toHaveLength(total.bad);
  expect(rig.server.staged.size).toBe(0);
});
