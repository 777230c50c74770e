import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openPatientClient } from "../../lib/operate/smoke/patient-client.ts";

test.for([429, 502, 504])("a question that a gateway answers with %i is asked again", async (status) => {
  await using gateway = await gatewayThatSays([status, 200]);
  const client = openPatientClient({ url: gateway.url });

  expect(await client.call("GET /health")).toEqual({ calls: 2 });
});

test("an order is given once, whatever comes back", async () => {
  await using gateway = await gatewayThatSays([502, 200]);
  const client = openPatientClient({ url: gateway.url });

  await expect(client.call("POST /tick")).rejects.toThrow("502");
  expect(gateway.calls()).toBe(1);
});

test("a refusal is not asked for again", async () => {
  await using gateway = await gatewayThatSays([403, 200]);
  const client = openPatientClient({ url: gateway.url });

  await expect(client.call("GET /health")).rejects.toThrow("403");
  expect(gateway.calls()).toBe(1);
});

/** Answers one status after the other, and how often it was called. */
async function gatewayThatSays(statuses: readonly number[]) {
  let calls = 0;
  const server: Server = createServer((_request, response) => {
    response.statusCode = statuses[calls] ?? 500;
    calls += 1;
    response.end(JSON.stringify({ calls }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
