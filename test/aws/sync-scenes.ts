import { describe, expect, test } from "vitest";
import { hourMs, minuteMs } from "../../lib/model/time.ts";
import { denyNext, dieDuring, isStep, loseEnds, loseStart, stopDuring } from "../support/aws/deployed/meddling.ts";
import { type Shop, syncsOf } from "../support/aws/deployed/shop.ts";

const person = (name: string) => `email\n${name}@example.com\n`;
const writer = "writer-postgres";

/** What befalls connections and syncs, some of it rarely. */
export function syncScenes(shop: () => Shop): void {
  const periodic = async () => (await syncsOf(shop().ada)).get("Profiles Periodic");
  const syncId = async () => ({ syncId: (await periodic())?.id ?? "" });
  const connection = async () => {
    const { items } = await shop().ada.api.call("GET /connections");
    if (items[0] === undefined) throw new TypeError("there is no connection");
    return items[0];
  };
  const connectionId = async () => ({ connectionId: (await connection()).id });
  const changePassword = async (password: string) => {
    const { ada, installation } = shop();
    const body = { settings: { password } };
    await ada.api.call("PUT /connections/{connectionId}/credentials", { params: await connectionId(), body });
    await installation.settle();
  };
  const upload = async (name: string) => {
    await shop().ada.sftp.put(`/profiles/${name}.csv`, person(name));
    await shop().installation.settle();
  };
  const arrived = async (name: string) => {
    const rows = await shop().bed.rows("profile");
    return rows.some((row) => row["email"] === `${name}@example.com`);
  };
  const reenable = async () => {
    await shop().ada.api.call("POST /syncs/{syncId}/re-enable", { params: await syncId() });
    await shop().installation.settle();
  };

  describe("a run", () => {
    test("that is long goes on in a next execution", async () => {
      const { installation, hour } = shop();
      const handOver = async (_event: unknown, call: () => Promise<unknown>) => ({
        ...((await call()) as object),
        next: "part",
      });
      installation.host.meddleNext(`${installation.name}-${writer}`, handOver, isStep("commit-batch"));
      denyNext(installation, "list-files", "s3:PutObject");
      await upload("long");

      await hour();
      await hour();

      expect(await arrived("long")).toBe(true);
      expect([...installation.host.called]).toContain(`${installation.name}-continue-run`);
    });

    test("sets aside the row that its warehouse refuses; mended, it takes that row too", async () => {
      const { ada, bed, installation, hour } = shop();
      const params = await connectionId();
      const table = `"${bed.settings["schema"]}".klaviyo_profile`;
      await bed.administer(`ALTER TABLE ${table} ADD CONSTRAINT no_poison CHECK (title <> 'poison')`);
      await ada.sftp.put("/profiles/mixed.csv", "email,title\nfine@example.com,fine\nbad@example.com,poison\n");
      await installation.settle();

      await hour();
      const before = [await arrived("fine"), await arrived("bad")];
      const status = await periodic();
      const [aside] = (await ada.api.call("GET /connections/{connectionId}/quarantine", { params })).items;
      const rowParams = { ...params, quarantineId: aside?.id ?? "" };
      const route = "/connections/{connectionId}/quarantine/{quarantineId}" as const;
      const { rows } = await ada.api.call(`GET ${route}/rows`, { params: rowParams });
      await bed.administer(`ALTER TABLE ${table} DROP CONSTRAINT no_poison`);
      await ada.api.call(`POST ${route}/replay`, { params: rowParams });
      await installation.settle();

      expect(before).toEqual([true, false]);
      expect(status).toMatchObject({ status: "Scheduled", error: null });
      expect(rows).toEqual([expect.objectContaining({ email: "bad@example.com" })]);
      expect(await arrived("bad")).toBe(true);
    });

    test("whose staging could not be removed has it removed by the sweep", async () => {
      const { installation, hour, sweep } = shop();
      dieDuring(installation, writer, isStep("discard-staging"));
      await upload("undiscarded");

      await hour();
      await sweep();

      expect(await arrived("undiscarded")).toBe(true);
    });

    test("that could not be started is started by the sweep", async () => {
      const { installation, hour, sweep } = shop();
      loseStart(installation, "sync");
      await upload("unstarted-run");

      await hour();
      await sweep();

      expect(await arrived("unstarted-run")).toBe(true);
    });

    test("that failed is tried again when somebody asks for it", async () => {
      const { ada, installation, hour } = shop();
      dieDuring(installation, writer, isStep("stage-file"));
      await upload("tried-again");
      await hour();
      const before = await periodic();

      await ada.api.call("POST /syncs/{syncId}/retry", { params: await syncId() });
      await installation.settle();

      expect(before).toMatchObject({ status: "Errored", error: { code: "WORKFLOW_DIED" } });
      expect(await arrived("tried-again")).toBe(true);
    });

    test.each(["is stopped", "dies"])(
      "that %s for three days is given up, and goes on when somebody says so",
      async (how) => {
        const { installation, hour, pass } = shop();
        const name = `three-days-${how.replaceAll(" ", "-")}`;
        const fail = () =>
          how === "dies"
            ? dieDuring(installation, writer, isStep("stage-file"))
            : stopDuring(installation, writer, "sync", { isMeant: isStep("stage-file"), isLost: true });
        fail();
        await upload(name);
        await hour();
        const first = await periodic();
        fail();
        await pass(73 * hourMs);
        await hour();
        const last = await periodic();

        await reenable();
        await hour();

        expect([first?.status, last?.status]).toEqual(["Errored", "Failed"]);
        expect(await arrived(name)).toBe(true);
      },
    );
  });

  describe("a connection", () => {
    test("whose password was changed fails with what to do, and goes on with the new one", async () => {
      const { bed, hour } = shop();
      await bed.administer(`ALTER ROLE "${bed.settings["username"]}" PASSWORD 'canary-changed'`);
      await upload("late");
      for (let hours = 0; hours < 3; hours += 1) await hour();
      const failed = await periodic();
      await changePassword("canary-wrong");
      const refused = await connection();

      await changePassword("canary-changed");
      await hour();

      expect(failed).toMatchObject({ status: "Failed", error: { code: "AUTH_FAILED" } });
      expect(refused.check).toContainEqual(expect.objectContaining({ step: "login", ok: false, code: "AUTH_FAILED" }));
      expect(await arrived("late")).toBe(true);
    });

    test("keeps its credentials when the check of others breaks off, however that happens", async () => {
      const { installation, sweep } = shop();
      const lost = { isMeant: isStep("check-connection"), isLost: true };

      stopDuring(installation, writer, "check-connection", lost);
      await changePassword("canary-stopped");
      const stopped = await connection();
      dieDuring(installation, "prepare-cut");
      await changePassword("canary-changed");
      const died = await connection();
      {
        using _ = loseEnds(installation);
        stopDuring(installation, writer, "check-connection", lost);
        await changePassword("canary-unheard");
      }
      await sweep();
      const swept = await connection();

      for (const { status, isChecking, check } of [stopped, died, swept]) {
        expect({ status, isChecking }).toEqual({ status: "Enabled", isChecking: false });
        expect(check).toEqual([expect.objectContaining({ ok: false, code: "WORKFLOW_DIED" })]);
      }
      expect(installation.stores.secrets.secrets.size).toBe(1);
    });

    test("takes the credentials of a call that is repeated because it failed half-way", async () => {
      const { installation } = shop();
      denyNext(installation, "answer-call", "dynamodb:PutItem");

      await expect(changePassword("canary-changed")).rejects.toThrow();
      await changePassword("canary-changed");

      expect(await connection()).toMatchObject({ status: "Enabled", isChecking: false });
    });

    test("whose check could not be started is checked by the sweep", async () => {
      const { ada, installation, sweep } = shop();
      loseStart(installation, "check-connection");
      const params = await connectionId();

      await expect(ada.api.call("POST /connections/{connectionId}/retry", { params })).rejects.toThrow();
      await sweep();

      expect(await connection()).toMatchObject({ status: "Enabled", isChecking: false });
    });
  });

  test("an hour whose dispatch was stopped is made up for by the operator's", async () => {
    const { ada, installation, operator } = shop();
    stopDuring(installation, "list-due-accounts", "dispatch", { isLost: true });
    await upload("made-up-for");
    await operator.api.call("POST /tick");
    await installation.settle();
    const before = await arrived("made-up-for");
    installation.clock.wind(minuteMs);

    await operator.api.call("POST /tick");
    await installation.settle();

    expect([before, await arrived("made-up-for")]).toEqual([false, true]);
    await ada.api.call("POST /syncs/{syncId}/pause", { params: await syncId() });
    await ada.api.call("POST /syncs/{syncId}/resume", { params: await syncId() });
    await installation.settle();
  });
}
