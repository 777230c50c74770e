import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../lib/http/client.ts";
import type { Routes } from "../../lib/http/routes.ts";
import { problemOfCall } from "../support/api.ts";
import { idle, startTestSystem, type TestSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const canary = "pw-canary-5f1b";
const absent = { code: "NOT_FOUND", status: 404 };
const folder = tempFolder();

let running: TestSystem;
let acme: Client<Routes>;
let bolt: Client<Routes>;

beforeAll(async () => {
  running = await startTestSystem(folder.path);
  acme = (await running.tenant("Acme")).api;
  bolt = (await running.tenant("Bolt")).api;
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function connected(api: Client<Routes>, file: string): Promise<string> {
  const made = await api.call("POST /connections", { body: { kind: "duckdb", settings: { file } } });
  await idle(api);
  return made.id;
}

describe("connections over HTTP", () => {
  test("the kinds tell their forms, and which fields are secret", async () => {
    const { items } = await acme.call("GET /destinations");

    const postgres = items.find((kind) => kind.kind === "postgres");
    const field = (name: string) => postgres?.fields.find((each) => each.name === name);
    expect(items.map((kind) => kind.kind)).toContain("duckdb");
    expect(field("password")).toMatchObject({ label: "Database password", secret: true, required: true });
    expect(field("host")).toMatchObject({ label: "Host URL", identity: true });
    expect(field("port")).toMatchObject({ default: 5432, required: false, schema: { type: "integer" } });
  });

  test("a connection is checked, enabled, and gets a historical and a periodic sync of each object", async () => {
    const { api } = await running.tenant("Checked");

    const made = await api.call("POST /connections", { body: { kind: "duckdb", settings: { file: "w.duckdb" } } });
    await idle(api);

    const shown = await api.call("GET /connections/{connectionId}", { params: { connectionId: made.id } });
    const syncs = await api.call("GET /syncs");
    expect(made.status).toBe("Checking");
    expect(shown.status).toBe("Enabled");
    expect(shown.check.every((step) => step.ok)).toBe(true);
    expect(syncs.items.map((sync) => `${sync.tab} ${sync.name} ${sync.status}`).sort()).toEqual([
      "Historical Events Completed",
      "Historical Profiles Completed",
      "Periodic Events Scheduled",
      "Periodic Profiles Scheduled",
    ]);
  });

  test("another account sees nothing of it, whatever it asks", async () => {
    const connectionId = await connected(acme, "acme.duckdb");
    const { items } = await acme.call("GET /syncs");
    const syncId = items[0]?.id ?? "";
    const params = { connectionId };

    const refusals = [
      bolt.call("GET /connections/{connectionId}", { params }),
      bolt.call("GET /connections/{connectionId}/setup-script", { params }),
      bolt.call("POST /connections/{connectionId}/retry", { params }),
      bolt.call("POST /connections/{connectionId}/disable", { params }),
      bolt.call("POST /connections/{connectionId}/enable", { params }),
      bolt.call("DELETE /connections/{connectionId}", { params }),
      bolt.call("PUT /connections/{connectionId}/selection", { params, body: { objects: ["events"] } }),
      bolt.call("PUT /connections/{connectionId}/credentials", { params, body: { settings: {} } }),
      bolt.call("GET /syncs/{syncId}", { params: { syncId } }),
      bolt.call("POST /syncs/{syncId}/pause", { params: { syncId } }),
      bolt.call("GET /syncs/{syncId}/runs", { params: { syncId } }),
      bolt.call("GET /syncs/{syncId}/receipts", { params: { syncId } }),
      bolt.call("GET /errors", { query: { connectionId } }),
      bolt.call("GET /errors", { query: { syncId } }),
    ];

    expect(await Promise.all(refusals.map(problemOfCall))).toEqual(refusals.map(() => absent));
    expect((await bolt.call("GET /connections")).items).toEqual([]);
    expect((await bolt.call("GET /syncs")).items).toEqual([]);
    expect((await acme.call("GET /connections/{connectionId}", { params })).status).toBe("Enabled");
  });

  test("a check that fails says at which step, why, and what to do; no answer shows the password", async () => {
    const { api } = await running.tenant("Refused");
    const settings = {
      host: "127.0.0.1",
      port: 9,
      database: "d",
      username: "u",
      password: canary,
      sslmode: "disable",
    };

    const made = await api.call("POST /connections", { body: { kind: "postgres", settings } });
    await idle(api);

    const shown = await api.call("GET /connections/{connectionId}", { params: { connectionId: made.id } });
    const errors = await api.call("GET /errors", { query: { connectionId: made.id } });
    expect(shown.status).toBe("Unable to connect");
    expect(shown.check.at(-1)).toMatchObject({ step: "reach", ok: false, code: "HOST_UNREACHABLE" });
    expect(shown.check.at(-1)?.fix).toBeTruthy();
    expect(shown.settings).toMatchObject({ host: "127.0.0.1", username: "u" });
    expect(JSON.stringify([made, shown, errors])).not.toContain(canary);
  });

  test("settings that do not fit are refused by their field, before anything is kept", async () => {
    const body = { kind: "duckdb", settings: { file: "../../etc/passwd" } };

    const problem = await problemOfCall(bolt.call("POST /connections", { body }));

    expect(problem).toEqual({ code: "SETTINGS_INVALID", status: 422 });
    expect((await bolt.call("GET /connections")).items).toEqual([]);
  });

  test("an unknown kind is not there", async () => {
    const problem = await problemOfCall(bolt.call("POST /connections", { body: { kind: "abacus", settings: {} } }));

    expect(problem).toEqual(absent);
  });

  test("an account has one connection at a time; disabling, enabling and removing it show at once", async () => {
    const { api } = await running.tenant("One at a time");
    const connectionId = await connected(api, "one.duckdb");
    const params = { connectionId };

    const second = api.call("POST /connections", { body: { kind: "duckdb", settings: { file: "two.duckdb" } } });
    expect(await problemOfCall(second)).toEqual({ code: "STATE_CONFLICT", status: 409 });
    expect((await api.call("POST /connections/{connectionId}/disable", { params })).status).toBe("Disabled");
    expect((await api.call("GET /syncs")).items.map((sync) => sync.status)).toContain("Disabled");
    await api.call("POST /connections/{connectionId}/enable", { params });
    await idle(api);
    expect((await api.call("GET /connections/{connectionId}", { params })).status).toBe("Enabled");
    expect((await api.call("DELETE /connections/{connectionId}", { params })).status).toBe("Removed");
    expect((await api.call("GET /syncs")).items.every((sync) => sync.status === "Disabled")).toBe(true);
  });

  test("a sync is paused and resumed", async () => {
    const { api } = await running.tenant("Pausing");
    await connected(api, "paused.duckdb");
    const { items } = await api.call("GET /syncs", { query: { mode: "periodic" } });
    const params = { syncId: items[0]?.id ?? "" };

    const paused = await api.call("POST /syncs/{syncId}/pause", { params });
    const resumed = await api.call("POST /syncs/{syncId}/resume", { params });
    const again = problemOfCall(api.call("POST /syncs/{syncId}/re-enable", { params }));

    expect(paused).toMatchObject({ status: "Paused", actions: ["resume"] });
    expect(resumed.status).toBe("Scheduled");
    expect(await again).toEqual({ code: "STATE_CONFLICT", status: 409 });
  });

  test("a changed selection is shown as it was asked for, with its version", async () => {
    const { api } = await running.tenant("Choosing");
    const params = { connectionId: await connected(api, "chosen.duckdb") };

    const body = { objects: ["events" as const], metrics: ["Placed Order"] };
    const changed = await api.call("PUT /connections/{connectionId}/selection", { params, body });

    expect(changed.selection).toMatchObject({ version: 2, objects: ["events"], metrics: ["Placed Order"] });
  });

  test("the setup script names the tables, and no secret", async () => {
    const settings = { host: "db.example.com", database: "d", username: "sync_user", password: canary };

    const { script } = await bolt.call("POST /setup-script", { body: { kind: "postgres", settings } });

    expect(script).toContain("klaviyo_profile");
    expect(script).toContain("sync_user");
    expect(script).not.toContain(canary);
  });
});
