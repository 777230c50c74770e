import { expect, test } from "vitest";
import { testStep } from "../../lib/flows/connections/test-step.ts";
import { updateCredentials } from "../../lib/flows/connections/update-credentials.ts";
import { SyncError } from "../../lib/model/errors.ts";
import { anySignal } from "../support/account-rig.ts";
import { profiles, publishChanges } from "../support/change-log.ts";
import { syncRig } from "../support/sync-rig.ts";

test("a fix is tested by the step that failed, and no record changes", async () => {
  await using rig = await syncRig();
  const { id } = await rig.connect();
  const ref = { accountId: rig.accountId, connectionId: id };
  await publishChanges(rig.deps, rig.accountId, { profiles: [profiles(1, 1)] });
  rig.server.mischief.onStage = () => {
    throw new SyncError("PERMISSION_DENIED", { externalMessage: "no insert", vendorCode: "42501", vendorRef: "q-7" });
  };
  await rig.tick();
  const before = await rig.sync("profiles", "periodic");

  const outcome = await testStep(rig.deps, ref, anySignal);

  expect(before.lastError).toMatchObject({ code: "PERMISSION_DENIED" });
  expect(outcome).toMatchObject({ step: "privileges", ok: true });
  expect(await rig.sync("profiles", "periodic")).toEqual(before);
});

test("an earlier step that fails is told instead of the one that was asked for", async () => {
  await using rig = await syncRig();
  const { id } = await rig.connect();
  const ref = { accountId: rig.accountId, connectionId: id };
  rig.server.logs.set("klaviyo_profile", "lg-theirs");

  const outcomes = [
    await testStep(rig.deps, { ...ref, step: "login" }, anySignal),
    await testStep(rig.deps, { ...ref, step: "load" }, anySignal),
  ];

  expect(outcomes).toMatchObject([
    { step: "login", ok: true },
    { step: "receipts", ok: false, errorCode: "FOREIGN_RECEIPTS" },
  ]);
});

test("what a failed check could not open is tried again, until better credentials are saved", async () => {
  await using rig = await syncRig();
  const { id } = await rig.connect({ settings: { host: "memory", password: "wrong" } });
  const ref = { accountId: rig.accountId, connectionId: id };

  const outcome = await testStep(rig.deps, ref, anySignal);
  await updateCredentials(rig.deps, { ...ref, settings: { password: "right" } }, anySignal);
  await rig.settled();

  expect(outcome).toMatchObject({ ok: false, errorCode: "AUTH_FAILED" });
  await expect(testStep(rig.deps, ref, anySignal)).rejects.toMatchObject({ code: "STATE_CONFLICT" });
});
