import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { eventRow, profileRow } from "../../../test/support/change-files.ts";
import { codeOf, commit, type WarehouseRig, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import type { RunId } from "../../model/ids.ts";
import { logStart } from "../../model/log.ts";
import type { EncodedFile } from "../destination.ts";
import type { S3Testbed } from "./testbed.ts";

type S3Rig = WarehouseRig & { readonly bed: S3Testbed };

function s3Rig(): Promise<S3Rig> {
  return warehouseRig("s3 parquet") as Promise<S3Rig>;
}

const isOf = (folder: string) => (key: string) => key.includes(`/klaviyo_${folder}/`);
const isRow = (key: string) => isOf("profile")(key) && !key.includes("sync_receipt") && !key.includes("_empty");

describe("what lies in the bucket", () => {
  test("stands in the folders of the template, under names that begin with the plan", async () => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open();
    const monthly = await rig.open({
      settings: { partitions: "{object}/{event_yyyy}/{event_mm}/at={yyyy}{mm}{dd}{hh}" },
    });
    await using _ = monthly;
    const event = eventRow("a", 1, { event_at: "2025-02-03 04:05:06" });

    await commit(warehouse, await rig.stage(warehouse, { planId: "rn1", files: [[profileRow("a", 1)]] }));
    const batch = await rig.stage(monthly, { planId: "rn2", object: "events", files: [[event]] });
    const [file] = batch.files;
    const eventAtMin = Date.parse("2025-02-03T04:05:06Z") as never;
    await commit(monthly, { ...batch, files: file === undefined ? [] : [{ ...file, eventAtMin }] });

    const rows = rig.bed.keys().filter((key) => /\/rn\d-/.test(key) && !key.includes("staging"));
    expect(rows).toEqual([
      expect.stringMatching(/^lake\/v1\/klaviyo_event\/2025\/02\/at=2026112418\/rn2-events-1-[0-9a-f]{32}\.parquet$/),
      expect.stringMatching(/^lake\/v1\/klaviyo_profile\/dt=2026-11-24\/rn1-profiles-1-[0-9a-f]{32}\.parquet$/),
    ]);
  });

  test("is never written again nor deleted, however often a batch is sent, but for what lies staged", async () => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });

    for (const fence of [1, 2, 3]) await commit(warehouse, batch, fence);
    await warehouse.discard(batch.planId);

    const { objects } = rig.bed.server.bucket;
    const kept = objects.keys.filter((key) => !isOf("staging")(key));
    expect(kept.map((key) => objects.versionsOf(key).length)).toEqual(kept.map(() => 1));
    expect(rig.bed.keys().filter(isOf("staging"))).toEqual([]);
    expect(rig.bed.keys().filter(isRow)).toHaveLength(2);
  });

  test("names no file before its manifest: what a dead writer copied is seen by nobody", async () => {
    await using rig = await s3Rig();
    await using dying = await rig.open({
      onStep: (name, moment) => {
        if (name === "commit" && moment === "before") throw new Error("killed");
      },
    });
    const batch = await rig.stage(dying, { files: [[profileRow("a", 1)]] });

    await expect(commit(dying, batch)).rejects.toThrow("killed");

    expect(rig.bed.keys().filter(isRow)).toHaveLength(1);
    expect(await rig.bed.rows("profile")).toEqual([]);
    await using next = await rig.open();
    await commit(next, batch, 2);
    expect(rig.bed.keys().filter(isRow)).toHaveLength(1);
    expect(await rig.bed.rows("profile")).toHaveLength(1);
  });

  test("holds what others put among the manifests without minding it, unless it takes a manifest's name", async () => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await rig.bed.putObject("lake/v1/klaviyo_sync_receipt/klaviyo_profile/.DS_Store", "x");

    await commit(warehouse, batch);
    await rig.bed.putObject("lake/v1/klaviyo_sync_receipt/klaviyo_profile/999999999990.json", "{}");

    expect(await codeOf(warehouse.heads("profiles"))).toBe("FOREIGN_RECEIPTS");
  });
});

describe("a manifest's number", () => {
  test("that arrives late, after a younger writer's, is refused", async () => {
    await using rig = await s3Rig();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived = Promise.withResolvers<void>();
    await using old = await rig.open({
      onStep: async (name, moment) => {
        if (name !== "commit" || moment !== "before") return;
        arrived.resolve();
        await held;
      },
    });
    await using young = await rig.open();
    const late = await rig.stage(old, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const good = await rig.stage(young, { planId: "rn2", seq: 2, files: [[profileRow("b", 2)]] });

    const outcome = codeOf(commit(old, late, 1));
    await arrived.promise;
    await commit(young, good, 2);
    await young.discard(late.planId);
    release();

    expect(await outcome).toBe("FENCE_LOST");
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["b"]);
  });

  const faults = ["conflict", "throttle", "error-before", "error-after", "drop-before", "drop-after"] as const;
  test.for(faults)("is taken once although its put meets a fault: %s", async (fault) => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open({
      onStep: (name, moment) => {
        if (name === "commit" && moment === "before") rig.bed.server.faults.next("PutObject", fault, fault);
      },
    });
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });

    const receipt = await commit(warehouse, batch);

    expect(receipt).toMatchObject({ rowsStaged: 1, fence: 1 });
    expect(await rig.receipts()).toHaveLength(1);
    const chain = rig.bed.keys().filter((key) => key.includes("klaviyo_sync_receipt/klaviyo_profile/"));
    expect(chain).toHaveLength(3);
  });

  test("is found at once in a long chain, whose receipts are read back as far as asked", async () => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open();
    const other = "cn00000000000001-profiles-historical";
    for (let seq = 1; seq <= 40; seq += 1) {
      const syncId = seq % 4 === 0 ? { syncId: other } : {};
      const request = { seq, planId: `rn${seq}`, files: [[profileRow("a", seq)]], ...syncId };
      await commit(warehouse, await rig.stage(warehouse, request), seq);
    }
    const calls = rig.bed.server.faults.calls;
    const asked = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
      const before = calls.length;
      const result = await work();
      return [result, calls.length - before];
    };
    const syncId = "cn00000000000001-profiles-periodic" as never;

    const [all] = await asked(() => warehouse.receipts(syncId, "profiles", logStart));
    const [last, forLast] = await asked(() => warehouse.receipts(syncId, "profiles", { seq: 38, file: 1 }));
    const [isThere, forThere] = await asked(() => warehouse.hasReceipt(syncId, "profiles", { seq: 39, file: 1 }));

    expect(all.map(({ last: { seq } }) => seq)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1).filter((seq) => seq % 4 !== 0),
    );
    expect([last.map((receipt) => receipt.last.seq), isThere]).toEqual([[39], true]);
    expect([forLast, forThere].every((count) => count <= 5)).toBe(true);
    expect(await warehouse.receipts(other as never, "profiles", { seq: 20, file: 1 })).toHaveLength(5);
  });
});

describe("a large file", () => {
  test("goes in parts whose completion meets the condition, and twice is once", async () => {
    await using rig = await s3Rig();
    await using warehouse = await rig.open();
    const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-large-"));
    try {
      const path = join(folder, "large.parquet");
      const chunks = Array.from({ length: 37 }, (_, index) => Buffer.alloc(1_048_576, index));
      await pipeline(Readable.from(chunks), createWriteStream(path));
      const { size: bytes } = await stat(path);
      const file: EncodedFile = { planId: "rn1" as RunId, number: 1, object: "profiles", path, rows: 1, bytes };

      const first = await warehouse.stage(file);
      const again = await warehouse.stage(file);

      expect(again).toEqual(first);
      const { objects, uploadedKeys } = rig.bed.server.bucket;
      expect(objects.versionsOf(first.location).map((version) => version.bytes)).toEqual([bytes]);
      expect(uploadedKeys).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
