import { describe, expect, test } from "vitest";
import { minuteMs } from "../../lib/model/time.ts";
import { denyNext, dieDuring, holdNext, loseEnds, loseStart, stopDuring } from "../support/aws/deployed/meddling.ts";
import { importsOf, type Shop, unconfirmedMs, until } from "../support/aws/deployed/shop.ts";
import { openTenant } from "../support/aws/deployed/tenant.ts";

const person = (name: string) => `email\n${name}@example.com\n`;
const event = (metric: string) => `email,metric,timestamp\nz@example.com,${metric},2026-01-01T00:00:00Z\n`;
/** Stops after which an import is given up. */
const stopsMax = 13;

/** What befalls uploads and imports, some of it rarely. */
export function importScenes(shop: () => Shop): void {
  /** What an attempt that was killed left behind, of an import that is not claimed yet. */
  const leftBy = async (importId: string, ...areas: string[]) => {
    for (const area of areas) await shop().leave(`${area}/${shop().ada.accountId}/${importId}-1/left`);
  };
  const imports = () => importsOf(shop().ada);

  describe("an upload", () => {
    test("of whose end nobody tells is imported a quarter of an hour later, as not confirmed", async () => {
      const { ada, installation, pass } = shop();

      await ada.sftp.putQuietly("/profiles/quiet.csv", person("quiet"));
      await installation.settle();
      const before = (await imports()).get("/profiles/quiet.csv");
      await pass(unconfirmedMs);

      expect(before).toBeUndefined();
      expect((await imports()).get("/profiles/quiet.csv")).toMatchObject({
        state: "completed",
        completenessConfirmed: false,
      });
    });

    test("that broke off is never imported", async () => {
      const { ada, pass, sweep } = shop();

      await ada.sftp.breakOff("/profiles/broken.csv", "email\nbrok");
      await pass(unconfirmedMs + 20 * minuteMs);
      await sweep();

      expect(await imports()).not.toContain("/profiles/broken.csv");
    });

    test("under a temporary name is imported when it gets its own", async () => {
      const { ada, installation } = shop();

      await ada.sftp.put("/profiles/part.csv.filepart", person("renamed"));
      await ada.sftp.rename("/profiles/part.csv.filepart", "/profiles/part.csv");
      await installation.settle();

      const found = await imports();
      expect(found.get("/profiles/part.csv")).toMatchObject({ state: "completed", completenessConfirmed: true });
      expect([...found.keys()]).not.toContain("/profiles/part.csv.filepart");
    });

    test("with the bytes of the last one is a duplicate, whatever a killed attempt left", async () => {
      const { ada, installation, pass } = shop();
      await ada.sftp.put("/events/same.csv", event("Same"));
      await installation.settle();

      await leftBy(await ada.sftp.putQuietly("/events/same.csv", event("Same")), "work", "intake");
      await pass(unconfirmedMs);

      expect((await imports()).get("/events/same.csv")).toMatchObject({ state: "duplicate" });
    });

    test.each([
      ["other", "superseded"],
      ["the same", "duplicate"],
    ])("that is overtaken by a younger version with %s bytes leaves one of them %s", async (what, state) => {
      const { ada, installation, pass } = shop();
      const { bus, clock } = installation;
      const path = `/events/${state}.csv`;
      const states = async () => {
        const { items } = await ada.api.call("GET /imports");
        return items.filter(({ file }) => file === path).map((item) => item.state);
      };
      const first = holdNext(installation, "publish-import");
      await leftBy(await ada.sftp.putQuietly(path, event("First")), "work", "intake");
      const passed = pass(unconfirmedMs);
      await first.reached;
      clock.wind(2_000);
      const second = what === "other" ? undefined : holdNext(installation, "publish-import");
      await ada.sftp.put(path, what === "other" ? event("Other") : event("First"));
      const delivered = bus.deliver();
      if (second !== undefined) {
        await delivered;
        first.release();
        await second.reached;
        await until(async () => (await states()).includes("completed"));
        second.release();
      } else await until(async () => (await states()).includes("completed"));

      first.release();
      await Promise.all([passed, delivered]);
      await installation.settle();

      expect((await states()).sort()).toEqual(["completed", state].sort());
    });

    test("that cannot be read ends with its reason among the results", async () => {
      const { ada, pass } = shop();

      await leftBy(await ada.sftp.putQuietly("/profiles/bad.csv", "\n"), "work", "intake");
      await pass(unconfirmedMs);

      const failed = (await imports()).get("/profiles/bad.csv");
      expect(failed).toMatchObject({ state: "failed", error: { code: "EMPTY_FILE" } });
      expect(await ada.sftp.get(`/results/profiles/bad.csv.${failed?.id}.report.csv`)).toContain("EMPTY_FILE");
    });

    test("of many megabytes is cut, read side by side and joined", async () => {
      const { installation, operator } = shop();
      const bob = await openTenant(installation, operator, "bob");
      const wide = "x".repeat(900_000);
      denyNext(installation, "cut-ranges", "s3:PutObject");
      denyNext(installation, "scan-range", "s3:PutObject");

      const wrong = Array.from({ length: 40 }, (_, line) => `wrong-${line},${wide}\n`);
      await bob.sftp.put("/profiles/wide.csv", `email,note\nwide@example.com,thin\n${wrong.join("")}`);
      await installation.settle();

      expect((await importsOf(bob)).get("/profiles/wide.csv")).toMatchObject({ rowsAccepted: 1, rowsRejected: 40 });
    });
  });

  describe("an import", () => {
    test("whose execution was stopped is begun again, and clears up after both attempts", async () => {
      const { ada, installation } = shop();
      stopDuring(installation, "publish-import", "import", { isLost: true });

      await ada.sftp.put("/profiles/stopped.csv", person("stopped"));
      await installation.settle();

      expect((await imports()).get("/profiles/stopped.csv")).toMatchObject({ state: "completed", attempt: 2 });
    });

    test("that could not be put away is put away when its end is heard of late", async () => {
      const { ada, installation, pass } = shop();
      const text = person("stuck");
      stopDuring(installation, "publish-import", "import", { isLost: true });
      {
        using _ = installation.door.deny(
          ({ action, resource }) => /PutObject/.test(action) && /\/archive\//.test(resource),
        );
        await ada.sftp.putQuietly("/profiles/stuck.csv", text);
        await pass(unconfirmedMs);
      }
      const before = (await imports()).get("/profiles/stuck.csv");

      await ada.sftp.tell("/profiles/stuck.csv", text);
      await installation.settle();

      expect(before).toMatchObject({ state: "completed", completenessConfirmed: false });
      expect((await imports()).get("/profiles/stuck.csv")).toMatchObject({ completenessConfirmed: true });
    });

    test("that is stopped again and again is given up", async () => {
      const { ada, installation, pass } = shop();
      for (let stop = 0; stop < stopsMax; stop += 1) stopDuring(installation, "plan-import", "import");

      await leftBy(await ada.sftp.putQuietly("/profiles/deadly.csv", person("deadly")), "work", "intake");
      await pass(unconfirmedMs);

      expect((await imports()).get("/profiles/deadly.csv")).toMatchObject({ error: { code: "TRIES_USED_UP" } });
    });

    test("whose ends nobody heard is taken up by the sweep, and in the end given up", async () => {
      const { ada, installation, pass, sweep } = shop();
      using _ = loseEnds(installation);
      stopDuring(installation, "plan-import", "import");
      await leftBy(await ada.sftp.putQuietly("/profiles/lonely.csv", person("lonely")), "work", "intake");
      await pass(unconfirmedMs);

      for (let stop = 1; stop < stopsMax; stop += 1) {
        stopDuring(installation, "plan-import", "import");
        await sweep();
      }
      await sweep();

      expect((await imports()).get("/profiles/lonely.csv")).toMatchObject({ error: { code: "TRIES_USED_UP" } });
    });

    test("that could not be started is a dead letter, and started by the sweep", async () => {
      const { ada, installation, pass, sweep } = shop();
      loseStart(installation, "import", 5);
      await ada.sftp.put("/profiles/unstarted.csv", person("unstarted"));
      await installation.settle();
      const { deadLetters } = installation.bus;
      const before = (await imports()).get("/profiles/unstarted.csv")?.state;

      await sweep();
      await pass(unconfirmedMs);

      expect(before).toBe("processing");
      expect(deadLetters).toEqual([expect.stringContaining("unstarted.csv")]);
      expect((await imports()).get("/profiles/unstarted.csv")).toMatchObject({ state: "completed" });
    });

    test("of which no event came is found by the sweep", async () => {
      const { ada, installation, pass, sweep } = shop();
      {
        using _ = installation.bus.lose(() => true);
        await ada.sftp.put("/profiles/unheard.csv", person("unheard"));
        await pass(30 * minuteMs);
      }

      await sweep();

      expect((await imports()).get("/profiles/unheard.csv")).toMatchObject({ state: "completed" });
    });
  });

  describe("consolidation", () => {
    test("of more rows than one step takes is parted, and takes along what comes meanwhile", async () => {
      const { installation, operator, hour, leave } = shop();
      const eve = await openTenant(installation, operator, "eve");
      const people = (count: number) => Array.from({ length: count }, (_, n) => `m${n}@example.com\n`).join("");
      await eve.sftp.put("/profiles/few.csv", `email\n${people(50)}`);
      await installation.settle();
      await hour();
      for (const area of ["change", "state"]) await leave(`${area}/${eve.accountId}/consolidate-r2-9/left`);
      await eve.sftp.put("/profiles/many.csv", `email\n${people(200_100)}`);
      await eve.sftp.put("/events/one.csv", event("One"));
      await installation.settle();
      installation.host.meddleNext(`${installation.name}-close-consolidation`, async (_event, call) => {
        await eve.sftp.put("/profiles/meanwhile.csv", person("meanwhile"));
        await installation.bus.deliver();
        await until(async () => (await importsOf(eve)).get("/profiles/meanwhile.csv")?.state === "completed");
        return call();
      });

      await hour();

      const found = await importsOf(eve);
      expect(found.get("/profiles/many.csv")).toMatchObject({ rowsNew: 200_050, rowsAlreadyPresent: 50 });
      expect(found.get("/profiles/meanwhile.csv")).toMatchObject({ rowsNew: 1 });
    });

    test.each(["is stopped", "dies", "is never started"])("that %s is done by the next", async (what) => {
      const { ada, installation, hour, sweep, pass } = shop();
      const file = `/profiles/consolidation-${what.replaceAll(" ", "-")}.csv`;
      await ada.sftp.put(file, person(what.replaceAll(" ", "-")));
      await installation.settle();
      if (what === "is stopped") stopDuring(installation, "consolidate-round", "consolidate", { isLost: true });
      else if (what === "dies") dieDuring(installation, "consolidate-round");
      else loseStart(installation, "consolidate");

      await hour();
      await pass(10 * minuteMs);
      await sweep();

      expect((await imports()).get(file)).toMatchObject({ rowsNew: 1 });
    });
  });
}
