import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterGoodBatch, halved, takeBatch } from "../../lib/model/batch-size.ts";
import { errorClasses } from "../../lib/model/error-classes.ts";
import { type ErrorCode, errorCodes } from "../../lib/model/error-codes.ts";
import { freshnessOf } from "../../lib/model/freshness.ts";
import type { AccountId, ConnectionId, RunId, SyncId } from "../../lib/model/ids.ts";
import { comparePositions } from "../../lib/model/log.ts";
import { type ListedFile, planFiles } from "../../lib/model/plan-files.ts";
import { judge, nextTick } from "../../lib/model/retry.ts";
import type { ErrorSummary, RunRecord, SyncRecord } from "../../lib/model/sync.ts";
import { percentOf, shownSync } from "../../lib/model/sync-status.ts";
import { hourMs, type Instant } from "../../lib/model/time.ts";

const now = (1_800_000 * hourMs + 5) as Instant;
const at = (ms: number) => (now + ms) as Instant;

function sync(more: Partial<SyncRecord> = {}): SyncRecord {
  return {
    id: "cn00000000000000-profiles-periodic" as SyncId,
    accountId: "ac00000000000000" as AccountId,
    connectionId: "cn00000000000000" as ConnectionId,
    object: "profiles",
    mode: "periodic",
    cutSeq: 0,
    cutStateKey: null,
    cutAt: now,
    history: "all",
    watermark: { seq: 0, file: 0 },
    lastReceipt: null,
    runId: null,
    pausedAt: null,
    disabledAt: null,
    completedAt: null,
    failedAt: null,
    erroredSince: null,
    failures: 0,
    lastError: null,
    nextRunAt: at(hourMs),
    lastCheckedAt: null,
    lastSyncedAt: null,
    loginCheckedAt: null,
    rowsSent: 0,
    startedAt: null,
    filesPerBatch: null,
    goodBatches: 0,
    version: 1,
    ...more,
  };
}

function run(more: Partial<RunRecord> = {}): RunRecord {
  return {
    id: "rn00000000000000" as RunId,
    accountId: "ac00000000000000" as AccountId,
    syncId: sync().id,
    state: "running",
    attempt: 1,
    attemptOpen: true,
    planKey: "plan",
    deaths: 0,
    dueAt: now,
    startedAt: now,
    endedAt: null,
    filesTotal: 4,
    filesDone: 1,
    rowsTotal: 1_000,
    rowsDone: 250,
    rowsQuarantined: 0,
    error: null,
    version: 1,
    ...more,
  };
}

const error: ErrorSummary = { code: "AUTH_FAILED", class: "auth", message: "no", at: now };
const holding = { runId: run().id };

describe("the status of a sync", () => {
  test.each<[string, SyncRecord, RunRecord | undefined, object]>([
    ["a run is due later", sync(), undefined, { status: "Scheduled", actions: ["pause"], nextRunAt: at(hourMs) }],
    ["a run holds the slot", sync(holding), run(), { status: "In progress", percent: 25, actions: ["pause"] }],
    [
      "its last attempt failed",
      sync({ ...holding, erroredSince: now, lastError: error }),
      run({ attemptOpen: false, error }),
      { status: "Errored", actions: ["pause", "retry"], since: now, error },
    ],
    [
      "a new try follows a failed one",
      sync({ ...holding, erroredSince: now, lastError: error }),
      run({ attempt: 2, error }),
      { status: "Errored", reason: "a new try is at work" },
    ],
    [
      "it gave up",
      sync({ failedAt: now, lastError: error, erroredSince: now }),
      undefined,
      { status: "Failed", actions: ["re-enable"], error, nextRunAt: null },
    ],
    [
      "a user paused it",
      sync({ pausedAt: now, erroredSince: now }),
      undefined,
      { status: "Paused", actions: ["resume"], since: now },
    ],
    [
      "all of its range is committed",
      sync({ mode: "historical", completedAt: at(9), startedAt: now }),
      undefined,
      { status: "Completed", percent: 100, actions: [], startedAt: now, endedAt: at(9) },
    ],
    [
      "its connection is disabled, whatever else holds",
      sync({ disabledAt: now, pausedAt: now, failedAt: now }),
      undefined,
      { status: "Disabled", actions: [], since: now },
    ],
  ])("when %s", (_when, record, held, shown) => {
    expect(shownSync(record, held)).toMatchObject(shown);
  });

  test("shows 100 per cent only when all files are in", () => {
    expect(percentOf(run({ rowsDone: 1_000, filesDone: 3 }))).toBe(99);
    expect(percentOf(run({ rowsDone: 1_000, filesDone: 4 }))).toBe(100);
  });
});

describe("a failed attempt", () => {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const summary = (code: ErrorCode): ErrorSummary => ({ code, class: errorCodes[code].class, message: "", at: now });

  test.each(codes)("%s is judged by its class", (code) => {
    const rule = errorClasses[errorCodes[code].class].retry;
    const first = judge(sync(), summary(code), now);
    const second = judge(sync({ erroredSince: now, failures: 1, lastError: summary(code) }), summary(code), at(hourMs));
    const late = judge(
      sync({ erroredSince: now, failures: 9, lastError: summary(code) }),
      summary(code),
      at(72 * hourMs),
    );

    if (code === "ABORTED") expect(first.is).toBe("interrupted");
    else if (code === "RECEIPT_GONE" || code === "RECEIPT_UNKNOWN") expect(first.is).toBe("failed");
    else if (rule === "tick" || errorCodes[code].class === "lost")
      expect([first.is, second.is, late.is]).toEqual(["errored", "errored", "failed"]);
    else if (rule === "twice") expect([first.is, second.is]).toEqual(["errored", "failed"]);
    else expect(first.is).toBe("failed");
  });

  test("that a person must mend has its two tries, even after a broken network", () => {
    const network = summary("HOST_UNREACHABLE");

    const verdict = judge(sync({ erroredSince: now, failures: 5, lastError: network }), summary("AUTH_FAILED"), now);

    expect(verdict.is).toBe("errored");
  });

  test("is tried again on the next full hour", () => {
    expect(nextTick(now)).toBe(1_800_001 * hourMs);
    expect(nextTick((1_800_001 * hourMs) as Instant)).toBe(1_800_002 * hourMs);
  });
});

describe("freshness", () => {
  test("is the age of the oldest record on its way", () => {
    const places = { openImports: at(-5_000), intake: at(-9_000), changes: null };

    expect(freshnessOf(places, now, now)).toMatchObject({ isUpToDate: false, ageMs: 9_000 });
  });

  test("is up to date when nothing is on its way, and says when that was seen", () => {
    const none = { openImports: null, intake: null, changes: null };

    expect(freshnessOf(none, at(-60), now)).toEqual({
      isUpToDate: true,
      oldestWaitingAt: null,
      ageMs: null,
      lastCheckedAt: at(-60),
    });
  });

  test("never falls below zero when a clock runs back", () => {
    expect(freshnessOf({ openImports: at(50), intake: null, changes: null }, null, now).ageMs).toBe(0);
  });
});

const listed = fc
  .array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  .map((entries) =>
    entries.flatMap((rows, entry) =>
      rows.map(
        (count, file): ListedFile => ({
          position: { seq: entry + 1, file: file + 1 },
          source: { key: "k", file: file + 1, rows: count, bytes: count * 10 },
        }),
      ),
    ),
  );

describe("a plan", () => {
  test("covers its stretch of the log without gap or overlap, whatever is left out", () => {
    fc.assert(
      fc.property(listed, (files) => {
        const planned = planFiles(files, (file) => file.rows > 0);
        const covered = planned.flatMap(({ first, last }) =>
          files.filter(
            ({ position }) => comparePositions(position, first) >= 0 && comparePositions(position, last) <= 0,
          ),
        );

        if (planned.length > 0) expect(covered).toEqual(files);
        expect(planned.map((file) => file.number)).toEqual(planned.map((_, index) => index + 1));
      }),
    );
  });

  test("is cut into batches within the limits, each file in one of them", () => {
    const limits = { batchRowsMax: 4, batchBytesMax: 30, batchFilesMax: 3 };
    fc.assert(
      fc.property(listed, fc.option(fc.integer({ min: 1, max: 4 })), (files, filesPerBatch) => {
        const planned = planFiles(files, () => true);
        let left = planned;
        const seen = [];
        while (left.length > 0) {
          const batch = takeBatch(left, limits, filesPerBatch);
          const rows = batch.reduce((sum, file) => sum + file.source.rows, 0);
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length === 1 || (rows <= 4 && batch.length <= Math.min(3, filesPerBatch ?? 3))).toBe(true);
          seen.push(...batch);
          left = left.slice(batch.length);
        }

        expect(seen).toEqual(planned);
      }),
    );
  });
});

test("a halved batch size comes back after ten good batches", () => {
  let size = { ...halved(5) };
  const sizes = Array.from({ length: 11 }, () => {
    size = { ...afterGoodBatch(size) };
    return size.filesPerBatch;
  });

  expect(sizes).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, null, null]);
});
