import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acceptUpload } from "../../lib/flows/import/accept-upload.ts";
import { fileKeys } from "../../lib/flows/store/keys.ts";
import type { Client } from "../../lib/http/client.ts";
import type { Routes } from "../../lib/http/routes.ts";
import type { AccountId, UserId } from "../../lib/model/ids.ts";
import { problemOfCall } from "../support/api.ts";
import { idle, startTestSystem, type TestSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const folder = tempFolder();
const { signal } = new AbortController();
let running: TestSystem;
let acme: { accountId: string; api: Client<Routes> };
let bolt: { accountId: string; api: Client<Routes> };

beforeAll(async () => {
  running = await startTestSystem(folder.path);
  acme = await running.tenant("Acme");
  bolt = await running.tenant("Bolt");
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** As the SFTP endpoint does at the end of an upload. */
async function upload(tenant: typeof acme, path: string, text: string): Promise<void> {
  const { deps } = running.system;
  const body = { name: "Ada" };
  const params = { accountId: tenant.accountId };
  const user = await running.operator.call("POST /accounts/{accountId}/users", { params, body });
  const [accountId, userId] = [tenant.accountId as AccountId, user.id as UserId];
  const key = fileKeys.inbox(accountId, userId, path);
  const { version } = await deps.files.put(key, new TextEncoder().encode(text));
  await acceptUpload(deps, { accountId, userId, key, version }, signal);
}

describe("imports over HTTP", () => {
  test("show Status, Rows processed, Import date and Imported by, and nothing to another account", async () => {
    await upload(acme, "profiles/people.csv", "Email,City\nada@example.com,London\nnot an address,Paris\n");
    await running.hour(acme.api);

    const { items } = await acme.api.call("GET /imports");
    const params = { importId: items[0]?.id ?? "" };
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      status: "Completed",
      state: "completed with errors",
      file: "/profiles/people.csv",
      rowsProcessed: { rows: 2, total: 2, totalIsEstimate: false, percent: 100 },
      rowsAccepted: 1,
      rowsRejected: 1,
      importedBy: { name: "Ada" },
    });
    expect(items[0]?.importDate).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await acme.api.call("GET /imports/{importId}", { params })).toEqual(items[0]);
    expect((await bolt.api.call("GET /imports")).items).toEqual([]);
    expect(await problemOfCall(bolt.api.call("GET /imports/{importId}", { params }))).toMatchObject({ status: 404 });
  });

  test("that fail tell code and fix", async () => {
    await upload(bolt, "events/nothing.csv", "Colour,Size\nred,3\n");
    await idle(bolt.api);

    const { items } = await bolt.api.call("GET /imports");

    expect(items[0]).toMatchObject({ status: "Incomplete", state: "failed", error: { code: "IDENTIFIER_MISSING" } });
    expect(items[0]?.error?.fix).toContain("Add Email");
  });
});

describe("mappings over HTTP", () => {
  test("are each account's own, and each folder's", async () => {
    const body = { columns: { Kunde: "external_id" }, timeZone: "Europe/Berlin" };

    const saved = await acme.api.call("PUT /mappings/{folder}", { params: { folder: "profiles" }, body });

    expect(saved).toMatchObject({ folder: "profiles", version: 1, mapping: body });
    expect(await acme.api.call("GET /mappings/{folder}", { params: { folder: "profiles" } })).toEqual(saved);
    expect(await acme.api.call("GET /mappings/{folder}", { params: { folder: "events" } })).toMatchObject({
      version: 0,
    });
    expect(await bolt.api.call("GET /mappings/{folder}", { params: { folder: "profiles" } })).toMatchObject({
      version: 0,
      savedAt: null,
    });
  });

  test.for([
    ["a target that there is not", { columns: { A: "favourite_colour" } }],
    ["two columns for one field", { columns: { A: "email", B: "email" } }],
    ["a zone that there is not", { timeZone: "Mars/Olympus" }],
    ["a field that there is not", { colums: {} }],
  ] as const)("are refused with %s", async ([, body]) => {
    const wrong = body as Record<string, unknown>;

    const problem = await problemOfCall(
      acme.api.call("PUT /mappings/{folder}", { params: { folder: "events" }, body: wrong }),
    );

    expect(problem).toEqual({ code: "REQUEST_INVALID", status: 422 });
  });

  test("are only there for folders that are", async () => {
    const folderOfNone = { params: { folder: "pictures" as "events" } };

    expect(await problemOfCall(acme.api.call("GET /mappings/{folder}", folderOfNone))).toMatchObject({ status: 404 });
  });
});
