import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { profileRow } from "../../../test/support/change-files.ts";
import { scriptedDial, tamperingDial, tlsDial } from "../../../test/support/tcp-proxy.ts";
import { testCertificate } from "../../../test/support/tls-certificate.ts";
import {
  codeOf,
  commit,
  lastStep,
  type OpenRequest,
  type WarehouseRig,
  warehouseRig,
} from "../../../test/support/warehouse-rig.ts";
import type { PostgresTestbed } from "./testbed.ts";

type Rig = WarehouseRig & { readonly bed: PostgresTestbed };

async function postgresRig(): Promise<Rig> {
  return (await warehouseRig("postgres")) as Rig;
}

describe("a login", () => {
  const wrong = [
    ["a wrong password", { password: "canary" }, "login", "AUTH_FAILED"],
    ["an unknown user", { username: "nobody" }, "login", "AUTH_FAILED"],
    ["an unknown database", { database: "nothing" }, "login", "OBJECT_MISSING"],
    ["a port where nobody listens", { port: 1 }, "reach", "HOST_UNREACHABLE"],
    ["TLS asked of a server without", { sslmode: "verify-full" }, "tls", "TLS_INVALID"],
    ["an unknown schema", { schema: "nowhere" }, "privileges", "OBJECT_MISSING"],
    ["an unknown staging schema", { stagingSchema: "nowhere" }, "privileges", "OBJECT_MISSING"],
  ] as const;
  test.each(wrong)("with %s fails with a code of its own", async (_name, settings, step, errorCode) => {
    await using rig = await postgresRig();

    expect(await lastStep(rig, { settings })).toMatchObject({ step, ok: false, errorCode });
  });

  test("works again once the password is corrected", async () => {
    await using rig = await postgresRig();
    await rig.bed.administer(`ALTER ROLE ${rig.bed.settings["username"]} PASSWORD 'other'`);

    expect(await lastStep(rig)).toMatchObject({ errorCode: "AUTH_FAILED" });
    expect(await lastStep(rig, { settings: { password: "other" } })).toMatchObject({ step: "load", ok: true });
  });

  test("checks the certificate's authority and its name", async () => {
    await using rig = await postgresRig();
    const secure = { sslmode: "verify-full", caCertificate: testCertificate };
    const through = (settings: Record<string, unknown>) => lastStep(rig, { dial: tlsDial(), settings });

    expect(await through({ sslmode: "verify-full" })).toMatchObject({ step: "tls", errorCode: "TLS_INVALID" });
    expect(await through({ ...secure, host: "other.test" })).toMatchObject({ step: "tls", errorCode: "TLS_INVALID" });
    expect(await through({ ...secure, host: "127.0.0.1" })).toMatchObject({ step: "tls", errorCode: "TLS_INVALID" });
    expect(await through(secure)).toMatchObject({ step: "load", ok: true });
  });

  test("without TLS is refused where the address is public", async () => {
    await using rig = await postgresRig();
    const dial: OpenRequest["dial"] = async (host, port, signal) => {
      const socket = await rig.bed.dial(host, port, signal);
      return Object.defineProperty(socket, "remoteAddress", { value: "93.184.216.34" });
    };

    expect(await lastStep(rig, { dial: dial ?? rig.bed.dial })).toMatchObject({
      step: "reach",
      errorCode: "TLS_INVALID",
    });
  });
});

describe("a lacking privilege", () => {
  const revoked = [
    ["use of the schema", "USAGE ON SCHEMA analytics", "GRANT USAGE ON SCHEMA"],
    ["tables in the staging schema", "CREATE ON SCHEMA klaviyo_staging", "GRANT USAGE, CREATE ON SCHEMA"],
    ["update of a table", "UPDATE ON analytics.klaviyo_profile", "GRANT SELECT, INSERT, UPDATE ON"],
    ["insert of receipts", "INSERT ON analytics.klaviyo_sync_receipt", "GRANT SELECT, INSERT, UPDATE ON"],
  ] as const;
  test.each(revoked)("for %s is named with the grant that mends it", async (_name, what, fix) => {
    await using rig = await postgresRig();
    await rig.bed.administer(`REVOKE ${what} FROM ${rig.bed.settings["username"]}`);

    const failed = await lastStep(rig);

    expect(failed).toMatchObject({
      step: "privileges",
      errorCode: "PERMISSION_DENIED",
      fix: expect.stringContaining(fix),
    });
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("revoked between check and commit is told as such", async () => {
    await using rig = await postgresRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await rig.bed.administer(`REVOKE INSERT ON analytics.klaviyo_profile FROM ${rig.bed.settings["username"]}`);

    expect(await codeOf(commit(warehouse, batch))).toBe("PERMISSION_DENIED");
  });

  test("for the tables' key is told with the statement that makes it", async () => {
    await using rig = await postgresRig();
    await rig.bed.administer("ALTER TABLE analytics.klaviyo_event DROP CONSTRAINT klaviyo_event_pkey");

    const failed = await lastStep(rig);

    expect(failed).toMatchObject({ step: "columns", errorCode: "COLUMN_CONFLICT" });
    await rig.bed.administer(failed?.fix ?? "");
    expect(await lastStep(rig)).toMatchObject({ step: "load", ok: true });
  });

  test("does not keep the owner of a database from starting with nothing", async () => {
    await using rig = await postgresRig();
    const { username, database } = rig.bed.settings;
    await rig.bed.administer(`GRANT CREATE ON DATABASE ${database} TO ${username}`);

    const settings = { schema: "fresh", stagingSchema: "fresh_staging" };

    expect(await lastStep(rig, { settings })).toMatchObject({ step: "load", ok: true });
    expect(await lastStep(rig, { settings })).toMatchObject({ step: "load", ok: true });
  });
});

describe("a connection that breaks", () => {
  test("after COMMIT was sent, before its answer, leaves the batch taken once", async () => {
    await using rig = await postgresRig();
    let cuts = 0;
    const dial = tamperingDial((piece, { client, server }) => {
      if (!piece.includes("COMMIT")) return;
      cuts += 1;
      // The bytes are on their way to the server; its answer finds nobody.
      server.unpipe(client);
      client.resetAndDestroy();
    });
    await using sure = await rig.open();
    const batch = await rig.stage(sure, { files: [[profileRow("a", 1)]] });
    await using breaking = await rig.open({ dial });

    expect(await codeOf(commit(breaking, batch, 1))).toBe("CONNECTION_LOST");
    const receipt = await commit(sure, batch, 2);

    expect(cuts).toBe(1);
    expect(receipt).toMatchObject({ rowsInserted: 1 });
    expect(await rig.bed.rows("profile")).toHaveLength(1);
    expect((await rig.bed.rows("sync_receipt")).filter(({ sync_id }) => sync_id !== "lease")).toHaveLength(1);
  });

  test("in the midst of loading leaves a file that can be staged again", async () => {
    await using rig = await postgresRig();
    let bytes = 0;
    const dial = tamperingDial((piece, { client, server }) => {
      bytes += piece.length;
      if (bytes < 400_000) return;
      server.resetAndDestroy();
      client.resetAndDestroy();
    });
    const rows = Array.from({ length: 2_000 }, (_, index) => profileRow(`p${index}`, 1, { title: "x".repeat(500) }));
    await using breaking = await rig.open({ dial });
    await using sure = await rig.open();

    expect(await codeOf(rig.stage(breaking, { files: [rows] }))).toBe("CONNECTION_LOST");
    const receipt = await commit(sure, await rig.stage(sure, { files: [rows] }));

    expect(receipt).toMatchObject({ rowsStaged: 2_000, rowsInserted: 2_000 });
  });

  test("is made anew by the session's next call", async () => {
    await using rig = await postgresRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)]] });
    await rig.bed.ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'warehouse-sync'",
    );

    expect(await codeOf(commit(warehouse, batch))).toMatch(/CONNECTION_LOST|no failure/);
    expect(await commit(warehouse, batch)).toMatchObject({ rowsInserted: 1 });
  });

  test("with a crash of the server empties the staging, and the batch leaves no receipt", async () => {
    await using rig = await postgresRig();
    await using warehouse = await rig.open();
    const batch = await rig.stage(warehouse, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });
    await crash(rig);

    await using next = await rig.open();
    expect(await codeOf(commit(next, batch))).toBe("STAGED_GONE");

    expect(await rig.bed.rows("profile")).toEqual([]);
    const again = await rig.stage(next, { files: [[profileRow("a", 1)], [profileRow("b", 1)]] });
    expect(await commit(next, again)).toMatchObject({ rowsInserted: 2 });
  });

  test("and a stalled writer that wakes after a younger one has committed cannot commit", async () => {
    await using rig = await postgresRig();
    const woken = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    await using old = await rig.open({
      onStep: async (name, moment) => {
        if (name !== "fence" || moment !== "before") return;
        asleep.resolve();
        await woken.promise;
      },
    });
    await using young = await rig.open();
    const late = await rig.stage(old, { planId: "rn1", files: [[profileRow("a", 1)]] });
    const good = await rig.stage(young, { planId: "rn2", files: [[profileRow("b", 1)]] });

    const outcome = codeOf(commit(old, late, 1));
    await asleep.promise;
    await commit(young, good, 2);
    woken.resolve();

    expect(await outcome).toBe("FENCE_LOST");
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["b"]);
  });
});

describe("a hostile server", () => {
  test("that accepts and says nothing is left when the time is up", async () => {
    await using rig = await postgresRig();
    await using warehouse = await rig.open({ dial: scriptedDial(() => undefined), signal: AbortSignal.timeout(200) });

    expect(await codeOf(warehouse.heads("profiles"))).toBe("TIMEOUT");
  });

  test("that floods us with one endless message is cut off", async () => {
    await using rig = await postgresRig();
    const flood = scriptedDial((client) => {
      const piece = Buffer.alloc(1_048_576, 1);
      const header = Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff]);
      const pour = () => {
        while (!client.destroyed && client.write(piece));
      };
      client.once("data", () => client.write(header, pour));
      client.on("drain", pour);
    });
    await using warehouse = await rig.open({ dial: flood });

    expect(await codeOf(warehouse.heads("profiles"))).toBe("CONNECTION_LOST");
  });

  test("that talks nonsense is told apart from a bug of ours", async () => {
    await using rig = await postgresRig();
    const nonsense = scriptedDial(
      (client) => void client.once("data", () => client.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    );
    await using warehouse = await rig.open({ dial: nonsense });

    expect(await codeOf(warehouse.heads("profiles"))).toMatch(/CONNECTION_LOST|UNKNOWN/);
  });
});

/** Kills a server process of ours: the server then ends all of them, and recovers as after a power cut. */
async function crash(rig: Rig): Promise<void> {
  const found = await rig.bed.ask(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'warehouse-sync' AND datname = current_database()",
  );
  process.kill(Number(found[0]?.["pid"]), "SIGKILL");
  for (let tries = 0; tries < 100; tries += 1) {
    await sleep(50);
    const isUp = await rig.bed.ask("SELECT 1").then(
      () => tries > 2,
      () => false,
    );
    if (isUp) return;
  }
  throw new Error("the server did not come back");
}
