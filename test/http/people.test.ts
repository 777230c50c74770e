import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes } from "../../lib/http/routes.ts";
import { problemOfCall, startTestApi, type Tenant, type TestApi } from "../support/api.ts";

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmCG7y3gVTY5Vz8xRmfCwz2d8yRoGhCwSzjfWTs3pCp ada@example";
const absent = { code: "NOT_FOUND", status: 404 };

let api: TestApi;
let acme: Tenant;
let bolt: Tenant;

beforeAll(async () => {
  api = await startTestApi();
  acme = await api.tenant("Acme");
  bolt = await api.tenant("Bolt");
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

describe("accounts, users, tokens and keys", () => {
  test("each token sees its own account", async () => {
    expect(await acme.api.call("GET /account")).toMatchObject({ id: acme.accountId, name: "Acme" });
    expect(await bolt.api.call("GET /account")).toMatchObject({ id: bolt.accountId, name: "Bolt" });
  });

  test("an account's token sees its own users alone", async () => {
    const { items } = await acme.api.call("GET /users");

    expect(items.map((user) => user.id)).toEqual([acme.userId]);
  });

  test("a user of another account is not there", async () => {
    const params = { userId: bolt.userId };

    expect(await problemOfCall(acme.api.call("GET /users/{userId}/keys", { params }))).toEqual(absent);
    const adding = acme.api.call("POST /users/{userId}/keys", { params, body: { title: "laptop", publicKey } });
    expect(await problemOfCall(adding)).toEqual(absent);
  });

  test("a key is added once, listed, removed, and then gone", async () => {
    const params = { userId: acme.userId };
    const body = { title: "laptop", publicKey };

    const key = await acme.api.call("POST /users/{userId}/keys", { params, body });
    const twin = await problemOfCall(acme.api.call("POST /users/{userId}/keys", { params, body }));
    const listed = await acme.api.call("GET /users/{userId}/keys", { params });
    const removing = { params: { ...params, keyId: key.id } };
    await acme.api.call("DELETE /users/{userId}/keys/{keyId}", removing);

    expect(key.fingerprint).toMatch(/^SHA256:/);
    expect(twin).toEqual({ code: "KEY_DUPLICATE", status: 409 });
    expect(listed.items).toEqual([key]);
    expect(await problemOfCall(acme.api.call("DELETE /users/{userId}/keys/{keyId}", removing))).toEqual(absent);
  });

  test("a private key is refused by its own code", async () => {
    const body = {
      title: "oops",
      publicKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    };

    const problem = await problemOfCall(
      acme.api.call("POST /users/{userId}/keys", { params: { userId: acme.userId }, body }),
    );

    expect(problem).toEqual({ code: "KEY_PRIVATE", status: 422 });
  });

  test("a revoked token opens nothing, and no list shows a token's text", async () => {
    const params = { accountId: acme.accountId };
    const issued = await api.operator.call("POST /accounts/{accountId}/tokens", { params, body: { daysValid: 1 } });
    const listed = await api.operator.call("GET /accounts/{accountId}/tokens", { params });
    await api.operator.call("DELETE /accounts/{accountId}/tokens/{tokenId}", {
      params: { ...params, tokenId: issued.id },
    });

    const after = await problemOfCall(api.clientWith(issued.text).call("GET /account"));

    expect(listed.items.map((token) => token.id)).toContain(issued.id);
    expect(JSON.stringify(listed)).not.toContain(issued.text.slice(-20));
    expect(after).toEqual({ code: "UNAUTHORIZED", status: 401 });
  });

  test("a token of one account is not there for another", async () => {
    const issued = await api.operator.call("POST /accounts/{accountId}/tokens", {
      params: { accountId: acme.accountId },
      body: {},
    });

    const revoking = api.operator.call("DELETE /accounts/{accountId}/tokens/{tokenId}", {
      params: { accountId: bolt.accountId, tokenId: issued.id },
    });

    expect(await problemOfCall(revoking)).toEqual(absent);
  });

  test("a removed account's token opens nothing, and removing it again is no error", async () => {
    const gone = await api.tenant("Gone");
    const params = { accountId: gone.accountId };

    await api.operator.call("DELETE /accounts/{accountId}", { params });
    await api.operator.call("DELETE /accounts/{accountId}", { params });

    expect(await problemOfCall(gone.api.call("GET /account"))).toEqual({ code: "UNAUTHORIZED", status: 401 });
    expect(await problemOfCall(api.operator.call("GET /accounts/{accountId}/users", { params }))).toEqual(absent);
    const never = { accountId: "ac00000000000000" };
    expect(await problemOfCall(api.operator.call("DELETE /accounts/{accountId}", { params: never }))).toEqual(absent);
  });

  test("lists are read page by page, each item once", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.operator.call("GET /accounts", {
        query: cursor === undefined ? { limit: 1 } : { limit: 1, cursor },
      });
      seen.push(...page.items.map((account) => account.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);

    expect(seen).toEqual([acme.accountId, bolt.accountId]);
  });

  test("a request that names itself is carried out once", async () => {
    const body = { name: "Twice", requestId: "r-1" };

    const first = await api.operator.call("POST /accounts", { body });
    const again = await api.operator.call("POST /accounts", { body });

    expect(again).toEqual(first);
  });
});

describe("scopes", () => {
  test.for(Object.entries(routes))("%s keeps out whoever lacks its scope", async ([name, route]) => {
    const [method = "", path = ""] = name.split(" ");
    const url = `${api.url}${path.replaceAll(/\{\w+\}/g, "x")}`;
    const statusWith = async (token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(url, { method, headers })).status;
    };
    const wrong = { public: undefined, operator: await accountToken(), account: api.operatorToken }[route.scope];

    expect(await statusWith()).toBe(route.scope === "public" ? 200 : 401);
    if (wrong !== undefined) expect(await statusWith(wrong)).toBe(403);
  });
});

async function accountToken(): Promise<string> {
  const params = { accountId: acme.accountId };
  return (await api.operator.call("POST /accounts/{accountId}/tokens", { params, body: {} })).text;
}
