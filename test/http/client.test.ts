import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openClient } from "../../lib/http/client.ts";
import type { Routes } from "../../lib/http/routes.ts";

test.for([
  ["without a path", "", "/accounts/a%2Fb/users"],
  ["with a stage", "/v1", "/v1/accounts/a%2Fb/users"],
  ["with a stage and a slash", "/v1/", "/v1/accounts/a%2Fb/users"],
] as const)("an address %s has the routes below it", async ([, path, expected]) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.setHeader("content-type", "application/json").end('{"items":[],"nextCursor":null}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = openClient<Routes>({ url: `http://127.0.0.1:${port}${path}` });

  await client.call("GET /accounts/{accountId}/users", { params: { accountId: "a/b" as never } });

  expect(seen).toEqual([expected]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
