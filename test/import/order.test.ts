import { describe, expect, test } from "vitest";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { oldestOpenImport } from "../../lib/flows/import/oldest-open-import.ts";
import { publishWaitMs } from "../../lib/flows/import/publish-import.ts";
import { settleImports } from "../../lib/flows/import/settle-imports.ts";
import { sweepInbox } from "../../lib/flows/import/sweep-inbox.ts";
import { withdrawUpload } from "../../lib/flows/import/withdraw-upload.ts";
import type { Files } from "../../lib/flows/ports.ts";
import { claimImport, findImport, importIdOf, requireImport } from "../../lib/flows/store/imports.ts";
import { intakeEntries, intakeHead } from "../../lib/flows/store/log.ts";
import type { Instant } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ImportRig, importRig } from "../support/import-rig.ts";

const ann = "Email,First Name\nann@example.com,Ann\n";
const bob = "Email,First Name\nbob@example.com,Bob\n";

describe("the same bytes again", () => {
  test("are a duplicate without rows", async () => {
    using rig = await importRig();
    await rig.drop("profiles/a.csv", ann);

    const again = await rig.drop("profiles/a.csv", ann);

    expect(again).toMatchObject({ state: "duplicate", rowsAccepted: 0, intakeSeq: null });
    expect(await rig.rows("profiles")).toHaveLength(1);
    expect(await rig.deps.files.list("inbox/")).toEqual([]);
  });

  test("are no duplicate after anything else was published for the object", async () => {
    using rig = await importRig();
    await rig.drop("profiles/a.csv", ann);
    await rig.drop("profiles/b.csv", bob);

    const again = await rig.drop("profiles/a.csv", ann);

    expect(again).toMatchObject({ state: "completed", intakeSeq: 3 });
  });

  test("stay a duplicate when only the other object was published", async () => {
    using rig = await importRig();
    await rig.drop("profiles/a.csv", ann);
    await rig.drop("events/e.csv", "Email,Metric,Timestamp\nann@example.com,m,2026-01-01\n");

    expect(await rig.drop("profiles/a.csv", ann)).toMatchObject({ state: "duplicate" });
  });

  test("are read again when the mapping has changed", async () => {
    using rig = await importRig();
    await rig.drop("profiles/a.csv", ann);
    await rig.map("profiles", { columns: { "First Name": "property" } });

    expect(await rig.drop("profiles/a.csv", ann)).toMatchObject({ state: "completed", intakeSeq: 2 });
  });

  test("under another name, or after a failed import, are no duplicate", async () => {
    using rig = await importRig();
    await rig.drop("profiles/bad.csv", "x\n1\n");
    await rig.drop("profiles/a.csv", ann);

    expect(await rig.drop("profiles/bad.csv", "x\n1\n")).toMatchObject({ state: "failed" });
    expect(await rig.drop("profiles/copy.csv", ann)).toMatchObject({ state: "completed" });
  });

  test("of the same length but other content are imported", async () => {
    using rig = await importRig();
    await rig.drop("profiles/a.csv", ann);

    expect(await rig.drop("profiles/a.csv", bob)).toMatchObject({ state: "completed", intakeSeq: 2 });
  });
});

describe("order", () => {
  test("of two versions in one second, which a store may not tell apart, the one claimed last counts", async () => {
    using rig = await importRig({ wrap: (deps) => ({ ...deps, files: withoutMilliseconds(deps.files) }) });
    const event = (day: number) => `Email,Metric,Timestamp\nann@example.com,m,2026-01-0${day}\n`;
    const first = await rig.put("events/a.csv", event(1));
    const second = await rig.put("events/a.csv", event(2));

    await acceptUpload(rig.deps, { ...rig, ...second }, anySignal);
    await rig.workflows.settled();
    await acceptUpload(rig.deps, { ...rig, ...first }, anySignal);
    await rig.workflows.settled();

    expect(await rig.record(importIdOf(first.key, first.version))).toMatchObject({ state: "completed", intakeSeq: 2 });
  });

  test("a version older than one that was published is superseded", async () => {
    using rig = await importRig();
    const older = await rig.put("events/a.csv", "Email,Metric,Timestamp\nann@example.com,m,2026-01-01\n");
    await rig.drop("events/a.csv", "Email,Metric,Timestamp\nann@example.com,m,2026-01-02\n");

    const record = await acceptUpload(rig.deps, { ...rig, ...older }, anySignal);
    await rig.workflows.settled();

    expect(await rig.record(record?.id ?? importIdOf("", ""))).toMatchObject({ state: "superseded", intakeSeq: null });
    expect(await rig.rows("events")).toHaveLength(1);
  });

  test("profile imports wait for an earlier ticket, a quarter of an hour at most", async () => {
    using rig = await importRig();
    const early = await stuckImport(rig, "profiles/early.csv", ann);
    const started = rig.clock.now();

    const late = await rig.drop("profiles/late.csv", bob);

    expect(late).toMatchObject({ state: "completed", intakeSeq: 1, appliedOutOfOrder: false });
    expect(rig.clock.now() - started).toBeGreaterThanOrEqual(publishWaitMs);
    await sweepInbox(rig.deps, {}, anySignal);
    await rig.workflows.settled();
    expect(await rig.record(early)).toMatchObject({ state: "completed", intakeSeq: 2, appliedOutOfOrder: true });
  });

  test("event imports wait for nobody", async () => {
    using rig = await importRig();
    await stuckImport(rig, "events/early.csv", "Email,Metric,Timestamp\nann@example.com,m,2026-01-01\n");
    const started = rig.clock.now();

    await rig.drop("events/late.csv", "Email,Metric,Timestamp\nbob@example.com,m,2026-01-01\n");

    expect(rig.clock.now() - started).toBeLessThan(10_000);
  });

  test("many at once each take a place of their own in the log", async () => {
    using rig = await importRig();
    const ids = [];
    const started = rig.clock.now();
    for (let file = 0; file < 8; file += 1) {
      ids.push(await rig.upload(`profiles/${file}.csv`, `Email\nu${file}@example.com\n`));
    }

    await rig.workflows.settled();

    const entries = await intakeEntries(rig.deps.table, rig.accountId, 0);
    expect(entries.map((entry) => entry.importId)).toEqual(ids);
    expect(await intakeHead(rig.deps.table, rig.accountId)).toBe(8);
    // The rig's clock adds up every wait: seven files wait 5 s once at most, not once for each file before them.
    expect(rig.clock.now() - started).toBeLessThanOrEqual(7 * 5_000);
  });
});

describe("an event", () => {
  test("that comes twice, or to two workers at once, claims once", async () => {
    using rig = await importRig();
    const upload = await rig.put("profiles/a.csv", ann);

    await Promise.all([1, 2, 3].map(() => acceptUpload(rig.deps, { ...rig, ...upload }, anySignal)));
    await rig.workflows.settled();
    await acceptUpload(rig.deps, { ...rig, ...upload }, anySignal);
    await rig.workflows.settled();

    expect(await rig.rows("profiles")).toHaveLength(1);
  });

  test("that was lost is made up for by the sweep; the upload counts as waiting until then", async () => {
    using rig = await importRig();
    const { key, version } = await rig.put("profiles/a.csv", ann);
    const uploadedAt = rig.clock.now();

    expect(await oldestOpenImport(rig.deps, rig.accountId)).toBe(uploadedAt);
    await sweepInbox(rig.deps, {}, anySignal);
    await rig.workflows.settled();

    expect(await rig.record(importIdOf(key, version))).toMatchObject({ state: "completed", uploadedAt });
    expect(await oldestOpenImport(rig.deps, rig.accountId)).toBeNull();
  });

  test("of an upload that is gone, or was withdrawn, claims nothing", async () => {
    using rig = await importRig();
    const gone = await rig.put("profiles/gone.csv", ann);
    await rig.deps.files.delete(gone.key, gone.version);
    const withdrawn = await rig.put("profiles/withdrawn.csv", ann);

    expect(await withdrawUpload(rig.deps, { ...rig, ...withdrawn }, anySignal)).toBe(true);
    expect(await withdrawUpload(rig.deps, { ...rig, ...withdrawn }, anySignal)).toBe(true);

    expect(await acceptUpload(rig.deps, { ...rig, ...gone }, anySignal)).toBeUndefined();
    expect(await acceptUpload(rig.deps, { ...rig, ...withdrawn }, anySignal)).toBeUndefined();
    const claimed = await rig.put("profiles/a.csv", ann);
    await acceptUpload(rig.deps, { ...rig, ...claimed }, anySignal);
    expect(await withdrawUpload(rig.deps, { ...rig, ...claimed }, anySignal)).toBe(false);
    await rig.workflows.settled();
  });

  test("outside the two folders, or in another user's, claims nothing", async () => {
    using rig = await importRig();
    const upload = await rig.put("other/a.csv", ann);

    expect(await acceptUpload(rig.deps, { ...rig, ...upload }, anySignal)).toBeUndefined();
    expect(
      await acceptUpload(rig.deps, { ...rig, key: "inbox/x/y/profiles/a.csv", version: "1" }, anySignal),
    ).toBeUndefined();
  });
});

describe("the outcome of consolidation", () => {
  test("is kept once", async () => {
    using rig = await importRig();
    const { id } = await rig.drop("profiles/a.csv", ann);

    await settleImports(rig.deps, rig.accountId, [{ importId: id, new: 1, changed: 0, present: 0 }]);
    await settleImports(rig.deps, rig.accountId, [{ importId: id, new: 0, changed: 0, present: 1 }]);

    expect(await rig.record(id)).toMatchObject({ rowsNew: 1, rowsChanged: 0, rowsPresent: 0 });
  });
});

/** As if all that the test puts came within one second. */
function withoutMilliseconds(files: Files): Files {
  const stat: Files["stat"] = async (key, version) => {
    const info = await files.stat(key, version);
    return info && { ...info, modifiedAt: 1_764_000_000_000 as Instant };
  };
  return new Proxy(files, {
    get: (target, name) => {
      if (name === "stat") return stat;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (...args: unknown[]) => Reflect.apply(value, target, args) : value;
    },
  });
}

/** Claimed by a process that died before it could start anything. */
async function stuckImport(rig: ImportRig, path: string, text: string) {
  const { key, version } = await rig.put(path, text);
  const id = importIdOf(key, version);
  const sample = await acceptSample(rig);
  const info = await rig.deps.files.stat(key, version);
  const [, , , object, name = ""] = key.split("/");
  await claimImport(rig.deps.table, {
    ...sample,
    id,
    object: object === "events" ? "events" : "profiles",
    name,
    inboxKey: key,
    version,
    bytes: info?.bytes ?? 0,
    uploadedAt: info?.modifiedAt ?? sample.uploadedAt,
    state: "processing",
    endedAt: null,
    attemptOpen: true,
    revision: 1,
  });
  expect(await findImport(rig.deps.table, rig.accountId, id)).toMatchObject({ attempt: 1 });
  return id;
}

/** An import that ended, as a pattern for one that is made up. */
async function acceptSample(rig: ImportRig) {
  const { id } = await rig.drop("profiles/pattern.csv", "Email\n");
  return requireImport(rig.deps.table, rig.accountId, id);
}
