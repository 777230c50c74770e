import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../lib/engine/engine.ts";
import { CallFailed } from "../../lib/http/client.ts";
import { egressView } from "../../lib/http/views/egress.ts";
import { problemOfCall, startTestApi, type TestApi } from "../support/api.ts";
import { sharedEngine } from "../support/import-rig.ts";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ engine: await sharedEngine() });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

describe("the engine", () => {
  test("says which it is and what it was built for", async () => {
    const facts = await api.operator.call("GET /engine");

    expect(facts).toEqual({
      engine: "duckdb",
      version: expect.stringMatching(/^v\d+\.\d+/),
      architecture: expect.stringMatching(/^(linux|osx|windows)_(amd64|arm64)/),
    });
  });

  test("that does not start is a problem with the loader's words and what to do", async () => {
    const message = "libstdc++.so.6: cannot open shared object file";
    const engine: Engine = { open: () => Promise.reject(new Error(message)), close: () => {} };
    await using broken = await startTestApi({ engine });

    const error: unknown = await broken.operator.call("GET /engine").catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CallFailed);
    const { problem } = error as CallFailed;
    expect(problem).toMatchObject({ code: "ENGINE_UNAVAILABLE", status: 503 });
    expect(problem.detail).toContain(message);
    expect(problem.fix).toContain("layer");
  });

  test("is the operator's to ask for", async () => {
    const { api: account } = await api.tenant("Acme");

    expect(await problemOfCall(account.call("GET /engine"))).toMatchObject({ status: 403 });
    expect(await problemOfCall(api.clientWith().call("GET /engine"))).toMatchObject({ status: 401 });
  });
});

describe("egress addresses", () => {
  test("of a system on one machine are that machine's", async () => {
    const { api: account } = await api.tenant("Acme");

    const answer = await account.call("GET /egress-addresses");

    expect(answer).toEqual({ addresses: [], areFixed: false, note: expect.stringContaining("this machine") });
  });

  test("are fixed where there are any", () => {
    const installation = { version: "1", sftp: null, egressAddresses: ["198.51.100.7"] };

    expect(egressView(installation)).toMatchObject({ addresses: ["198.51.100.7"], areFixed: true });
  });

  test("without any say that they change", () => {
    const installation = { version: "1", sftp: null, egressAddresses: [] };

    expect(egressView(installation)).toMatchObject({ areFixed: false, note: expect.stringContaining("change") });
  });
});

test("health needs no token and says nothing but the version", async () => {
  expect(await api.clientWith().call("GET /health")).toEqual({ status: "ok", version: "test" });
});
