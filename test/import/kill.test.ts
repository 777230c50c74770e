import { expect, test } from "vitest";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { listImports } from "../../lib/flows/import/list-imports.ts";
import { sweepInbox } from "../../lib/flows/import/sweep-inbox.ts";
import { anySignal } from "../support/account-rig.ts";
import { type ImportRig, importRig } from "../support/import-rig.ts";
import { type KillPlan, type KillPoints, withKillPoints } from "../support/kill-points.ts";
import { tempFolder } from "../support/temp-folder.ts";

const lines = Array.from({ length: 9 }, (_, row) => (row % 4 === 3 ? "nobody" : `u${row}@example.com,"n ${row}\n"`));
const file = `Email,note\n${lines.join("\n")}\n`;

/** Opens a process on the folder; a killed one stops at once. */
async function openProcess(folder: string, plan: KillPlan): Promise<ImportRig & { kills: KillPoints }> {
  let kills: KillPoints | undefined;
  const rig = await importRig({
    folder,
    rangeBytesMin: 70,
    wrap: (deps) => {
      kills = withKillPoints(deps, plan);
      return kills.deps;
    },
  });
  if (kills === undefined) throw new TypeError("the deps were not wrapped");
  void kills.killed.then(() => rig.workflows[Symbol.dispose]());
  return { ...rig, kills };
}

async function importOnce(rig: ImportRig, path: string): Promise<void> {
  const upload = await rig.put(path, file);
  await acceptUpload(rig.deps, { ...rig, ...upload }, anySignal).catch(() => undefined);
  await rig.workflows.settled();
}

/** All that an import leaves, in words that do not depend on when and how often it was tried. */
async function outcomeOf(rig: ImportRig): Promise<unknown> {
  const { items } = await listImports(rig.deps, { accountId: rig.accountId }, anySignal);
  const results = await Promise.all(
    items.map(async (record) => [await rig.result(record, "report"), await rig.result(record, "rejected")]),
  );
  const shown = items.map(
    ({ state, rowsTotal, rowsAccepted, rowsRejected, intakeSeq, errorCode, appliedOutOfOrder }) => {
      return { state, rowsTotal, rowsAccepted, rowsRejected, intakeSeq, errorCode, appliedOutOfOrder };
    },
  );
  const left = await Promise.all(
    ["inbox/", "work/", "archive/", "intake/"].map((prefix) => rig.deps.files.list(prefix)),
  );
  return { shown, results, rows: await rig.rows("profiles"), left: left.map((files) => files.length) };
}

test("an import that is killed at any effect ends as one that was not", async () => {
  using golden = tempFolder();
  using whole = await openProcess(golden.path, "record");
  await importOnce(whole, "profiles/a.csv");
  const points = [...whole.kills.points];
  const expected = await outcomeOf(whole);
  expect(expected).toMatchObject({ shown: [{ state: "completed with errors", rowsTotal: 9, rowsAccepted: 7 }] });

  for (let killAt = 0; killAt < points.length; killAt += 1) {
    using folder = tempFolder();
    {
      using doomed = await openProcess(folder.path, { killAt });
      await importOnce(doomed, "profiles/a.csv");
      expect(doomed.kills.isDead, points[killAt]).toBe(true);
    }
    using heir = await openProcess(folder.path, "record");
    await sweepInbox(heir.deps, {}, anySignal);
    await heir.workflows.settled();

    expect(await outcomeOf(heir), `killed at ${killAt}: ${points[killAt]}`).toEqual(expected);
  }
}, 240_000);

test("an import whose process dies again and again is set aside", async () => {
  using folder = tempFolder();
  for (let death = 0; death < 20; death += 1) {
    using doomed = await openProcess(folder.path, "record");
    if (death === 0) await doomed.put("profiles/a.csv", file);
    await sweepInbox(doomed.deps, {}, anySignal);
    doomed.workflows[Symbol.dispose]();
    await doomed.workflows.settled();
  }
  using heir = await openProcess(folder.path, "record");

  const { items } = await listImports(heir.deps, { accountId: heir.accountId }, anySignal);

  expect(items).toMatchObject([{ state: "failed", errorCode: "TRIES_USED_UP" }]);
  expect(await heir.deps.files.list("inbox/")).toEqual([]);
});

test("an import that we fail five times is set aside, and says why", async () => {
  using rig = await importRig({
    wrap: (deps) => ({ ...deps, engine: { ...deps.engine, open: () => Promise.reject(new Error("no engine today")) } }),
  });

  const id = await rig.upload("profiles/a.csv", file);
  for (let tick = 0; tick < 6; tick += 1) {
    await rig.workflows.settled();
    await sweepInbox(rig.deps, {}, anySignal);
  }
  await rig.workflows.settled();

  expect(await rig.record(id)).toMatchObject({ state: "failed", errorCode: "TRIES_USED_UP", attempt: 5 });
  expect((await rig.record(id)).errorMessage).toContain("no engine today");
});
