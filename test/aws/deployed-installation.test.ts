import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { accountAreas } from "../../lib/flows/store/keys.ts";
import { sampleData } from "../../lib/local/demo/sample-data.ts";
import { spellId } from "../../lib/model/ids.ts";
import { dayMs } from "../../lib/model/time.ts";
import { callsDeclared, callsMade, differenceOf } from "../support/aws/deployed/calls-made.ts";
import { keptTexts } from "../support/aws/deployed/kept-texts.ts";
import { importsOf, openShop, type Shop, syncsOf } from "../support/aws/deployed/shop.ts";
import { AwsFault } from "../support/aws/json-server.ts";
import { exemptCalls } from "./exempt-calls.ts";
import { importScenes } from "./import-scenes.ts";
import { smokeScene } from "./smoke-scene.ts";
import { syncScenes } from "./sync-scenes.ts";

const data = sampleData({ profiles: 60, events: 90, seed: 1 });
// Some thirty processes start in the course of it, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let opened: Shop | undefined;
const shop = () => {
  if (opened === undefined) throw new TypeError("nothing is deployed");
  return opened;
};

beforeAll(async () => {
  opened = await openShop();
});

afterAll(async () => {
  await opened?.[Symbol.asyncDispose]();
});

describe("the main job, in an installation as the templates say", () => {
  test("a user is known to Transfer Family, and sees three folders of its own", () => {
    const { ada, installation } = shop();
    const user = installation.stores.transfer.users.get(ada.username);

    expect(user?.keys).toHaveLength(1);
    expect(user?.mappings.map(({ Entry }) => Entry).sort()).toEqual(["/events", "/profiles", "/results"]);
    for (const { Target } of user?.mappings ?? []) expect(Target).toContain(`/${ada.accountId}/${ada.userId}`);
  });

  test("a user who could be made only at the second try is made once", async () => {
    const { installation, operator, ada } = shop();
    const { transfer } = installation.stores;
    transfer.failNext("CreateUser", new AwsFault("InternalServiceError", "lost", 500), { afterwards: true });

    const body = { name: "Grace", sftpUsername: "grace" };
    await operator.api.call("POST /accounts/{accountId}/users", { params: { accountId: ada.accountId }, body });

    expect(transfer.users.get("grace")?.mappings).toHaveLength(3);
  });

  test("uploads are imported as soon as they are announced, and rejected rows come back", async () => {
    const { ada, installation } = shop();

    await ada.sftp.put(`/profiles/${data.profiles.name}`, data.profiles.text);
    await ada.sftp.put(`/events/${data.events.name}`, data.events.text);
    await installation.settle();

    const imports = await importsOf(ada);
    for (const [folder, file] of [["profiles", data.profiles] as const, ["events", data.events] as const]) {
      const found = imports.get(`/${folder}/${file.name}`);
      expect(found).toMatchObject({ rowsAccepted: file.rows - file.rejected, rowsRejected: file.rejected });
      const rejected = await ada.sftp.get(`/results/${folder}/${file.name}.${found?.id}.rejected.csv`);
      expect(rejected.trimEnd().split("\n")).toHaveLength(1 + file.rejected);
    }
  });

  test("a connected warehouse is filled with every accepted row", async () => {
    const { ada, bed, installation, warehouse } = shop();

    await ada.api.call("POST /connections", { body: { kind: "postgres", settings: warehouse } });
    await installation.settle();

    const emails = (await bed.rows("profile")).map((row) => row["email"]);
    const events = await bed.rows("event");
    expect(new Set(emails)).toEqual(emailsIn(data.profiles.text, data.events.text));
    expect(emails).toHaveLength(data.profileCount);
    expect(events).toHaveLength(data.events.rows - data.events.rejected);
    const hundredths = events.reduce((sum, row) => sum + Math.round(Number(row["value"]) * 100), 0);
    expect(hundredths).toBe(data.valueHundredths);
  });

  test("the preview of a selection counts the rows that were sent", async () => {
    const { ada } = shop();

    const all = await ada.api.call("POST /preview", { body: {} });
    const lastMonth = await ada.api.call("POST /preview", { body: { selection: { history: "30d" } } });

    const events = data.events.rows - data.events.rejected;
    expect(all).toMatchObject({ destination: "postgres", rows: data.profileCount + events });
    expect(lastMonth.rows).toBeLessThan(all.rows);
  });

  test("a changed file brings its changes at the hour, and an hour that is announced twice brings nothing more", async () => {
    const { ada, bed, hour, installation } = shop();
    const before = await bed.rows("profile");
    await ada.sftp.put(`/profiles/${data.changedProfiles.name}`, data.changedProfiles.text);
    await installation.settle();

    await hour();
    await installation.bus.tick(`${installation.name}-hourly`);
    await installation.settle();

    const after = await bed.rows("profile");
    const untouched = new Set(before.map((row) => JSON.stringify(row)));
    const changed = after.filter((row) => !untouched.has(JSON.stringify(row)));
    expect(after).toHaveLength(data.profileCount + data.newCount);
    expect(changed).toHaveLength(data.changedCount + data.newCount);
    expect((await syncsOf(ada)).get("Profiles Periodic")).toMatchObject({ rowsSent: changed.length });
  });

  test("the warehouse's own receipts tile what was sent", async () => {
    const { ada } = shop();

    const sent = await Promise.all(
      [...(await syncsOf(ada)).values()].map(async (sync) => {
        const { items } = await ada.api.call("GET /syncs/{syncId}/receipts", { params: { syncId: sync.id } });
        return [sync.rowsSent, items.reduce((sum, receipt) => sum + receipt.rowsStaged, 0)];
      }),
    );

    expect(sent).toHaveLength(4);
    for (const [rows, inReceipts] of sent) expect(inReceipts).toBe(rows);
  });
});

smokeScene(shop);
importScenes(shop);
syncScenes(shop);

describe("at the end", () => {
  test("no secret stands in a log, an execution, the table or an object", async () => {
    const { installation, operator, ada } = shop();
    const secrets = [operator.token, ...ada.secrets, "canary-"];

    const texts = await keptTexts(installation);

    expect(texts.length).toBeGreaterThan(1_000);
    expect(texts.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
  });

  test("a key, a token and an account go, with every object and record of it", async () => {
    const { ada, installation, leave, operator, pass, sweep } = shop();
    const { host, name, stores } = installation;
    const [key] = (await ada.api.call("GET /users/{userId}/keys", { params: { userId: ada.userId } })).items;
    const keyParams = { userId: ada.userId, keyId: key?.id ?? "" };
    await ada.api.call("DELETE /users/{userId}/keys/{keyId}", { params: keyParams });
    const issued = (await host.invoke(`${name}-issue-operator-token`, {})) as { readonly tokenId: string };
    await host.invoke(`${name}-issue-operator-token`, { revoke: issued.tokenId });
    const [connection] = (await ada.api.call("GET /connections")).items;
    await ada.api.call("DELETE /connections/{connectionId}", { params: { connectionId: connection?.id ?? "" } });
    await pass(dayMs);
    await sweep();
    // The SFTP server of one machine has folders of its own, and uploads have versions.
    const areas = accountAreas.filter((area) => area !== "held" && area !== "inbox");
    for (const area of areas) await leave(`${area}/${ada.accountId}/left`);

    await operator.api.call("DELETE /accounts/{accountId}", { params: { accountId: ada.accountId } });
    await sweep();
    await pass(2 * dayMs);
    await sweep();

    expect(stores.transfer.users.has(ada.username)).toBe(false);
    expect([...stores.secrets.secrets.keys()]).toEqual([]);
    const { objects } = stores.s3.bucket;
    const left = objects.keys.filter((each) => objects.versionsOf(each).at(-1)?.isDeleteMarker === false);
    expect(left.filter((each) => each.includes(ada.accountId))).toEqual([]);
  });

  test("the writer of each kind takes on the role of an account, and finds nothing where nothing is", async () => {
    const { ada, installation } = shop();
    const { host, name } = installation;
    const kinds = host.functions[0]?.environment["WS_KINDS"]?.split(",") ?? [];
    const input = { accountId: ada.accountId, connectionId: spellId("connection", new Uint8Array(14)), check: 1 };

    for (const kind of kinds) {
      const call = host.invoke(`${name}-writer-${kind}`, { step: "check-connection", input: { ...input, kind } });
      await expect(call).rejects.toThrow(/^NOT_FOUND: /);
    }
  });

  test("every function has run, and none was refused what it asked of AWS", () => {
    const { door, host } = shop().installation;

    expect(host.functions.filter(({ name }) => !host.called.has(name)).map(({ name }) => name)).toEqual([]);
    expect(door.refusals).toEqual([]);
    expect(door.troubles).toEqual([]);
  });

  test("every function has made exactly the calls that it declares", () => {
    const { host, name } = shop().installation;

    const difference = differenceOf(callsMade(host.lines, name), callsDeclared());

    const expected = Object.keys(exemptCalls).map((call) => `- ${call}`);
    expect(difference.toSorted()).toEqual(expected.toSorted());
  });
});

function emailsIn(...files: readonly string[]): Set<string> {
  return new Set(
    files.flatMap((text) => [...text.matchAll(/^(person\d+@example\.com)/gm)].map((found) => found[1] ?? "")),
  );
}
