import { describe, expect, test } from "vitest";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { oldestOpenImport } from "../../lib/flows/import/oldest-open-import.ts";
import { sweepInbox } from "../../lib/flows/import/sweep-inbox.ts";
import { findImport, importIdOf, type StoredImport } from "../../lib/flows/store/imports.ts";
import { accountItem } from "../../lib/flows/store/keys.ts";
import { itemOf } from "../../lib/flows/store/records.ts";
import { minuteMs } from "../../lib/model/time.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ImportRig, type ImportRigOptions, importRig } from "../support/import-rig.ts";

const rows = "Email,City\nada@example.com,London\n";

/** An installation whose objects appear before it is known that they are whole. */
const announced = (partial: readonly string[] = []): ImportRigOptions => ({
  given: {
    uploadsAreWhole: false,
    isPartialUpload: async (key) => partial.some((name) => key.endsWith(name)),
  },
});

describe("an upload that nobody confirmed", () => {
  test("is imported, and says so until it is confirmed", async () => {
    using rig = await importRig(announced());
    const upload = await put(rig, "profiles/a.csv");

    const first = await accept(rig, upload, false);
    await rig.workflows.settled();
    const again = await accept(rig, upload, false);
    const confirmed = await accept(rig, upload, true);
    const late = await accept(rig, upload, false);

    expect(first).toMatchObject({ completenessConfirmed: false });
    expect(again).toMatchObject({ completenessConfirmed: false, rowsAccepted: 1 });
    expect(confirmed).toMatchObject({ completenessConfirmed: true, state: "completed" });
    expect(late).toMatchObject({ completenessConfirmed: true, attempt: 1 });
    expect(await rig.record(first?.id as StoredImport["id"])).toMatchObject({ completenessConfirmed: true });
  });

  test("stays confirmed when the confirmation came first", async () => {
    using rig = await importRig(announced());
    const upload = await put(rig, "profiles/a.csv");

    await accept(rig, upload, true);
    const again = await accept(rig, upload, false);

    expect(again).toMatchObject({ completenessConfirmed: true, attempt: 1 });
  });

  test("is left alone when its client broke off, until it is confirmed after all", async () => {
    using rig = await importRig(announced(["half.csv"]));
    const upload = await put(rig, "profiles/half.csv");

    const unconfirmed = await accept(rig, upload, false);
    const waiting = await oldestOpenImport(rig.deps, rig.accountId);
    const confirmed = await accept(rig, upload, true);

    expect(unconfirmed).toBeUndefined();
    expect(waiting).toBeNull();
    expect(rig.events).toContainEqual(expect.objectContaining({ event: "upload-left-alone", key: upload.key }));
    expect(confirmed).toMatchObject({ completenessConfirmed: true });
  });

  test("is found by the sweep once its announcement is overdue", async () => {
    using rig = await importRig(announced());
    const upload = await put(rig, "profiles/a.csv");

    await sweepInbox(rig.deps, {}, anySignal);
    const early = await rig.record(upload.id).catch(() => undefined);
    const waitingSince = await oldestOpenImport(rig.deps, rig.accountId);
    rig.clock.wind(20 * minuteMs);
    await sweepInbox(rig.deps, {}, anySignal);
    await rig.workflows.settled();

    expect(early).toBeUndefined();
    expect(waitingSince).not.toBeNull();
    expect(await rig.record(upload.id)).toMatchObject({ completenessConfirmed: false, state: "completed" });
  });
});

describe("an upload", () => {
  test.each(["profiles/a.csv.filepart", "profiles/a.csv.part", "profiles/.a.csv.swp", "events/.hidden/a.csv", "a.csv"])(
    "under the name %s starts nothing, and nobody waits for it",
    async (path) => {
      using rig = await importRig();
      const upload = await put(rig, path);

      const confirmed = await accept(rig, upload, true);
      await sweepInbox(rig.deps, {}, anySignal);

      expect(confirmed).toBeUndefined();
      expect(await findImport(rig.deps.table, rig.accountId, upload.id)).toBeUndefined();
      expect(await oldestOpenImport(rig.deps, rig.accountId)).toBeNull();
    },
  );

  test("is whole as soon as it is there, where the endpoint shows no half ones", async () => {
    using rig = await importRig();
    const upload = await put(rig, "profiles/a.csv");

    await sweepInbox(rig.deps, {}, anySignal);
    await rig.workflows.settled();

    expect(await rig.record(upload.id)).toMatchObject({ completenessConfirmed: true, state: "completed" });
  });

  test("of an account that is gone is left alone", async () => {
    using rig = await importRig();
    const upload = await put(rig, "profiles/a.csv");
    await rig.deps.table.delete(accountItem(rig.accountId, "account"));

    expect(await accept(rig, upload, true)).toBeUndefined();
  });

  test("recorded before ends were confirmed counts as whole", async () => {
    using rig = await importRig();
    const { id } = await rig.drop("profiles/a.csv", rows);
    const { completenessConfirmed: _, ...older } = (await findImport(
      rig.deps.table,
      rig.accountId,
      id,
    )) as StoredImport;
    await rig.deps.table.put(itemOf(accountItem(rig.accountId, `import/item/${id}`), older));

    expect(await rig.record(id)).toMatchObject({ completenessConfirmed: true });
  });
});

async function put(rig: ImportRig, path: string) {
  const upload = await rig.put(path, rows);
  return { ...upload, id: importIdOf(upload.key, upload.version) };
}

async function accept(rig: ImportRig, { key, version }: { key: string; version: string }, isConfirmed: boolean) {
  const { accountId, userId } = rig;
  return acceptUpload(rig.deps, { accountId, userId, key, version, isConfirmed }, anySignal);
}
