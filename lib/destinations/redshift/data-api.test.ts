import { describe, expect, test } from "vitest";
import { profileRow } from "../../../test/support/change-files.ts";
import { codeOf, commit, lastStep, type WarehouseRig, warehouseRig } from "../../../test/support/warehouse-rig.ts";
import { RedshiftFault } from "./stand-in/fault.ts";
import { openEngineSession } from "./stand-in/session.ts";
import type { RedshiftTestbed } from "./testbed.ts";

type Rig = WarehouseRig & { readonly bed: RedshiftTestbed };

async function dataApiRig(): Promise<Rig> {
  return (await warehouseRig("redshift data-api")) as Rig;
}

describe("a check by the Data API", () => {
  const wrong = [
    [
      "a role that does not trust us",
      { roleArn: "arn:aws:iam::210987654321:role/other" },
      "reach",
      "PERMISSION_DENIED",
    ],
    ["a workgroup that there is not", { workgroup: "another" }, "login", "SETTINGS_INVALID"],
    [
      "a secret that there is not",
      { secretArn: "arn:aws:secretsmanager:eu-west-1:210987654321:secret:x" },
      "login",
      "SETTINGS_INVALID",
    ],
    ["a database that there is not", { database: "nothing" }, "login", "OBJECT_MISSING"],
    ["a schema that there is not", { schema: "nowhere" }, "privileges", "OBJECT_MISSING"],
  ] as const;
  test.each(wrong)("with %s fails with a code of its own", async (_name, settings, step, errorCode) => {
    await using rig = await dataApiRig();

    expect(await lastStep(rig, { settings })).toMatchObject({ step, ok: false, errorCode });
  });

  test("refuses a role that anybody could have us take on", async () => {
    await using rig = await dataApiRig();
    const role = String(rig.bed.settings["roleArn"]);
    rig.bed.world.roles.set(role, { externalId: undefined });

    const open = await lastStep(rig);

    expect(open).toMatchObject({ ok: false, errorCode: "PERMISSION_DENIED" });
  });

  test("with a user whose password has changed fails at the login", async () => {
    await using rig = await dataApiRig();
    await rig.bed.administer(`ALTER ROLE ${rig.bed.settings["username"]} PASSWORD 'other'`);

    expect(await lastStep(rig)).toMatchObject({ step: "login", errorCode: "AUTH_FAILED" });
  });
});

describe("a commit by the Data API", () => {
  test("whose call loses its answer is handed in once", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    rig.bed.world.faults.calls.length = 0;
    await using careful = await rig.open({
      onStep: (name, moment) => {
        if (name === "commit" && moment === "before") rig.bed.world.faults.next("BatchExecuteStatement", "drop-after");
      },
    });

    expect(await commit(careful, batch)).toMatchObject({ rowsInserted: 1 });

    const handedIn = rig.bed.world.faults.calls.filter((call) => call === "BatchExecuteStatement");
    expect(handedIn).toHaveLength(3);
    expect(await rig.receipts()).toHaveLength(1);
  });

  test("is slowed down and refused by the service for a while, and goes through", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    rig.bed.world.faults.next("BatchExecuteStatement", "throttle", "error-before");
    rig.bed.world.faults.next("DescribeStatement", "throttle", "error-after");

    expect(await commit(warehouse, batch)).toMatchObject({ rowsInserted: 1 });
  });

  test("says so when the service goes on asking for less", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    rig.bed.world.faults.next("BatchExecuteStatement", ...Array.from({ length: 8 }, () => "throttle" as const));

    expect(await codeOf(commit(warehouse, batch))).toBe("THROTTLED");
  });

  test("with keys that have run out tells the login apart", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    await warehouse.heads("profiles");
    for (const [id, keys] of rig.bed.world.keys) rig.bed.world.keys.set(id, { ...keys, endsAtMs: 0 });

    expect(await codeOf(warehouse.heads("profiles"))).toBe("AUTH_FAILED");
  });

  test("that failed is handed in anew under the same fence", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    for (const words of ["deadlock detected", "Disk Full"]) {
      rig.bed.failNext(/^MERGE/, new RedshiftFault("XX000", words));
      expect(await codeOf(commit(warehouse, batch, 1))).toMatch(/CONFLICT|QUOTA_EXCEEDED/);
    }

    expect(await commit(warehouse, batch, 1)).toMatchObject({ rowsInserted: 1, fence: 1 });
  });

  test("that a younger writer overtook while it ran finds the lease lost", async () => {
    await using rig = await dataApiRig();
    await using old = await rig.open();
    await using young = await rig.open();
    const late = await rig.stage(old, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const good = await rig.stage(young, { planId: "rn2", seq: 2, files: [[profileRow("b", 2)]] });
    const gate = Promise.withResolvers<void>();
    await using slow = await rig.open({
      onStep: async (name, moment) => {
        if (name === "commit" && moment === "before") await gate.promise;
      },
    });

    const outcome = codeOf(commit(slow, late, 1));
    await commit(young, good, 2);
    gate.resolve();

    expect(await outcome).toBe("FENCE_LOST");
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["b"]);
  });

  test("that takes too long is cancelled, leaves nothing, and can be handed in anew", async () => {
    await using rig = await dataApiRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    const { world, settings } = rig.bed;
    const login = { ...world.server, database: String(settings["database"]) };
    const longAgo = { nowMs: () => Date.now() - 900_000 };
    const [first, running] = await (async () => {
      await using blocking = await openEngineSession(world, login);
      await blocking.run("BEGIN; LOCK TABLE analytics.klaviyo_profile");
      Object.assign(world, longAgo);
      const handedIn = await warehouse.commit(batch, 1);
      Object.assign(world, { nowMs: Date.now });
      const token = "token" in handedIn ? handedIn.token : "";
      const late = await codeOf(warehouse.poll(token));
      await blocking.run("ROLLBACK");
      return [late, token];
    })();

    expect(first).toBe("TIMEOUT");
    expect(await codeOf(warehouse.poll(running))).toBe("TIMEOUT");
    expect(await rig.bed.rows("profile")).toEqual([]);
    expect(await commit(warehouse, batch, 1)).toMatchObject({ rowsInserted: 1 });
  });

  test("is polled by whoever holds its token, and holds no secret in it", async () => {
    await using rig = await dataApiRig();
    await using one = await rig.open();
    const batch = await rig.stage(one, { files: [[profileRow("a", 1)]] });
    const running = await one.commit(batch, 1);
    const token = "token" in running ? running.token : "";
    await using other = await rig.open();

    let answer = await other.poll(token);
    while ("token" in answer) answer = await other.poll(answer.token);

    expect(answer).toMatchObject({ rowsInserted: 1 });
    expect(token.length).toBeLessThan(4_000);
    for (const { secret, token: session } of rig.bed.world.keys.values()) {
      expect(token).not.toContain(secret);
      expect(token).not.toContain(session);
    }
  });
});
