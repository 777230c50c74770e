import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import * as z from "zod";
import type { Principal } from "../../lib/flows/accounts/authenticate.ts";
import { bodyBytesMax } from "../../lib/http/answer.ts";
import { accountRoute, operatorRoute, publicRoute } from "../../lib/http/route.ts";
import { type HttpServer, startHttpServer } from "../../lib/local/server.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { AccountId, TokenId } from "../../lib/model/ids.ts";
import { bareDeps, type LoggedEvent } from "../support/bare-deps.ts";

const principals: Record<string, Principal> = {
  "ws_op.1": { scope: "operator", tokenId: "tk0" as TokenId, accountId: null, userId: null },
  "ws_ac.1": { scope: "account", tokenId: "tk1" as TokenId, accountId: "ac1" as AccountId, userId: null },
};

const routes = {
  "GET /open": publicRoute({ summary: "Open.", run: async () => ({ ok: true }) }),
  "GET /account": accountRoute({ summary: "Whose token.", run: async (context) => ({ id: context.accountId }) }),
  "POST /things": operatorRoute({
    summary: "Adds.",
    status: 201,
    body: z.strictObject({ name: z.string().min(1), size: z.number().optional() }),
    run: async (_, { body }) => body,
  }),
  "GET /things/{thingId}": operatorRoute({
    summary: "Shows.",
    params: z.strictObject({ thingId: z.string().regex(/^th\d$/) }),
    query: z.strictObject({ limit: z.coerce.number().int().max(10).optional() }),
    run: async (_, { params, query }) => ({ ...params, ...query }),
  }),
  "DELETE /things/{thingId}": operatorRoute({
    summary: "Removes.",
    status: 204,
    params: z.strictObject({ thingId: z.string() }),
    run: async () => undefined,
  }),
  "GET /bug": publicRoute({
    summary: "Breaks.",
    run: async () => {
      throw new TypeError("secret innards");
    },
  }),
  "GET /warehouse": publicRoute({
    summary: "Asks a warehouse.",
    run: async () => {
      throw new SyncError("AUTH_FAILED", { externalMessage: "no such user" });
    },
  }),
};

const events: LoggedEvent[] = [];
let server: HttpServer | undefined;

afterEach(async () => {
  await server?.close(0);
  server = undefined;
  events.length = 0;
});

async function call(path: string, init: RequestInit & { token?: string } = {}) {
  server ??= await startHttpServer({
    port: 0,
    host: "127.0.0.1",
    routes,
    authenticate: async (_, { text }) => {
      const principal = principals[text];
      if (principal === undefined) throw new SyncError("UNAUTHORIZED");
      return principal;
    },
    context: { deps: bareDeps({ events }), installation: { version: "1", sftp: null, egressAddresses: [] } },
  });
  const authorization = init.token === undefined ? {} : { authorization: `Bearer ${init.token}` };
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    ...init,
    headers: { ...authorization, ...init.headers },
  });
  const text = await response.text();
  return { response, status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const json = { "content-type": "application/json" };

describe("the HTTP server", () => {
  test("tells what is wrong as problem details with code and fix", async () => {
    const { response, body } = await call("/nowhere");

    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(body).toMatchObject({ status: 404, code: "NOT_FOUND", instance: "/nowhere" });
    expect(body.fix).toBeTruthy();
    expect(body.title).toBeTruthy();
  });

  test("names the methods that an address takes", async () => {
    const { response, body } = await call("/things/th1", { method: "PUT" });

    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, DELETE");
    expect(body.code).toBe("METHOD_NOT_ALLOWED");
  });

  test("wants a token that stands for somebody", async () => {
    const none = await call("/account");
    const wrong = await call("/account", { token: "ws_xx.1" });
    const right = await call("/account", { token: "ws_ac.1" });

    expect(none.status).toBe(401);
    expect(none.response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(wrong.status).toBe(401);
    expect(right.body).toEqual({ id: "ac1" });
  });

  test("keeps the operator out of accounts, and accounts out of the operator's routes", async () => {
    const operator = await call("/account", { token: "ws_op.1" });
    const account = await call("/things/th1", { token: "ws_ac.1" });

    expect([operator.status, account.status]).toEqual([403, 403]);
    expect(operator.body.detail).toContain('"account"');
  });

  test("refuses fields that it does not know, by name", async () => {
    const { status, body } = await call("/things", {
      method: "POST",
      token: "ws_op.1",
      headers: json,
      body: '{"name":"a","colour":"red","__proto__":{"size":1}}',
    });

    expect(status).toBe(422);
    expect(body.code).toBe("REQUEST_INVALID");
    expect(body.fields).toContainEqual({ path: "colour", message: "there is no such field" });
  });

  test("names the field and the query parameter that is not valid", async () => {
    const field = await call("/things", { method: "POST", token: "ws_op.1", headers: json, body: '{"name":7}' });
    const query = await call("/things/th1?limit=99", { token: "ws_op.1" });

    expect(field.body.fields).toMatchObject([{ path: "name" }]);
    expect(query.status).toBe(422);
    expect(query.body.fields).toMatchObject([{ path: "?limit" }]);
  });

  test("finds nothing under an id that is none", async () => {
    const { status, body } = await call("/things/..%2F..%2Fetc", { token: "ws_op.1" });

    expect(status).toBe(404);
    expect(body.code).toBe("NOT_FOUND");
  });

  test.for([
    ["text that is no JSON", 400, json, "{"],
    ["bytes that are no UTF-8", 400, json, new Uint8Array([0x22, 0xff, 0x22])],
    ["another media type", 415, { "content-type": "text/csv" }, "a,b"],
    ["too large a body", 413, json, `"${"x".repeat(bodyBytesMax)}"`],
    ["no body", 422, {}, undefined],
  ] as const)("refuses %s with %i", async ([, status, headers, body]) => {
    const answer = await call("/things", { method: "POST", token: "ws_op.1", headers, body: body ?? null });

    expect(answer.status).toBe(status);
  });

  test("answers 204 without a body", async () => {
    const { status, body } = await call("/things/th1", { method: "DELETE", token: "ws_op.1" });

    expect(status).toBe(204);
    expect(body).toBeUndefined();
  });

  test("tells nothing of a bug but its code, and logs it", async () => {
    const { status, body } = await call("/bug");

    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("innards");
    expect(events).toContainEqual(expect.objectContaining({ event: "http-failed", code: "UNKNOWN" }));
  });

  test("passes on what a warehouse said", async () => {
    const { status, body } = await call("/warehouse");

    expect(status).toBe(502);
    expect(body).toMatchObject({ code: "AUTH_FAILED" });
    expect(body.detail).toContain("no such user");
  });

  test("logs each call as one line, without queries", async () => {
    await call("/things/th1?limit=3&token=hunter2", { token: "ws_op.1" });

    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event: "http", method: "GET", path: "/things/th1", status: 422, tokenId: "tk0" });
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });

  test("ends a call that outlasts the grace on closing", async () => {
    await call("/open");
    const port = server?.port ?? 0;
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("POST /things HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ws_op.1\r\ncontent-length: 10\r\n\r\n{");

    await server?.close(50);

    await expect(fetch(`http://127.0.0.1:${port}/open`)).rejects.toThrow();
  });
});
