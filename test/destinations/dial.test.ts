import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAddressRule } from "../../lib/platform/network/address-rules.ts";
import { makeDial } from "../../lib/platform/network/dial.ts";
import { blockedHosts } from "../support/hostile-hosts.ts";

const signal = AbortSignal.timeout(60_000);

describe("a dialler without allowance", () => {
  test.each(blockedHosts)("refuses %s: %j", async (_name, host) => {
    const dial = makeDial({ lookup: async (name) => [name] });

    await expect(dial(host, 5432, signal)).rejects.toMatchObject({ code: "HOST_BLOCKED", name: "ConfigInvalid" });
  });

  test("refuses a name of which one address of many is private", async () => {
    const dial = makeDial({ lookup: async () => ["93.184.216.34", "10.0.0.5"] });

    await expect(dial("mixed.example", 5432, signal)).rejects.toMatchObject({ code: "HOST_BLOCKED" });
  });

  test("says of a name without address that it cannot be reached", async () => {
    const nothing = makeDial({ lookup: async () => [] });
    const unknown = makeDial({ lookup: () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" })) });

    await expect(nothing("a.example", 1, signal)).rejects.toMatchObject({ code: "HOST_UNREACHABLE" });
    await expect(unknown("a.example", 1, signal)).rejects.toMatchObject({ vendorCode: "ENOTFOUND" });
  });
});

describe("the operator's allowance", () => {
  const cases = [
    ["true admits RFC 1918", true, "10.1.2.3", true],
    ["true admits unique local", true, "fd12::1", true],
    ["true keeps loopback out", true, "127.0.0.1", false],
    ["true keeps mapped loopback out", true, "::ffff:127.0.0.1", false],
    ["true keeps link-local out", true, "169.254.1.1", false],
    ["true keeps metadata in unique local out", true, "fd00:ec2::254", false],
    ["a range admits what lies in it", ["10.0.0.0/8"], "10.9.9.9", true],
    ["a range admits nothing else", ["10.0.0.0/8"], "192.168.0.1", false],
    ["a range over everything keeps loopback out", ["0.0.0.0/0"], "127.0.0.1", false],
    ["a range over everything keeps metadata out", ["0.0.0.0/0", "169.254.0.0/16"], "169.254.169.254", false],
    ["a range over everything admits private", ["0.0.0.0/0"], "192.168.0.1", true],
    ["a range that names loopback admits it", ["127.0.0.0/8"], "127.0.0.1", true],
    ["a range that names IPv6 loopback admits it", ["::1/128"], "::1", true],
  ] as const;

  test.each(cases)("%s", (_name, allowPrivate, address, isAllowed) => {
    const rule = makeAddressRule(allowPrivate);

    expect(rule(address)).toBe(isAllowed);
  });

  test("of loopback by its range admits the name localhost", async () => {
    const dial = makeDial({ allowPrivate: ["127.0.0.0/8"], lookup: async () => ["127.0.0.1"] });

    await expect(dial("localhost", 1, signal)).rejects.toMatchObject({ vendorCode: "ECONNREFUSED" });
  });
});

describe("dialling", () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((socket) => socket.on("error", () => undefined).end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => server.close());

  test("resolves once and connects to the address that was checked", async () => {
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    let asked = 0;
    const dial = makeDial({ allowPrivate: ["127.0.0.1/32"], lookup: async () => answers[asked++] ?? [] });

    const socket = await dial("rebinding.example", port, signal);

    expect([asked, socket.remoteAddress]).toEqual([1, "127.0.0.1"]);
    socket.destroy();
  });

  test("refuses a name that turns to loopback after its first answer", async () => {
    let asked = 0;
    const dial = makeDial({
      allowPrivate: ["127.0.0.2/32"],
      lookup: async () => [asked++ === 0 ? "127.0.0.2" : "127.0.0.1"],
    });

    await expect(dial("rebinding.example", 1, signal)).rejects.toMatchObject({ code: "HOST_UNREACHABLE" });
    await expect(dial("rebinding.example", port, signal)).rejects.toMatchObject({ code: "HOST_BLOCKED" });
  });

  test("takes the next address when one does not answer", async () => {
    const dial = makeDial({
      allowPrivate: ["127.0.0.0/8", "::1/128"],
      lookup: async () => ["::1", "127.0.0.1"],
      connectTimeoutMs: 500,
    });

    const socket = await dial("db.example", port, signal);

    expect(socket.remotePort).toBe(port);
    socket.destroy();
  });

  test("ends when it is stopped", async () => {
    const dial = makeDial({ allowPrivate: ["127.0.0.0/8"] });

    await expect(dial("127.0.0.1", port, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("says with the system's code that nobody listens", async () => {
    const dial = makeDial({ allowPrivate: ["127.0.0.0/8"] });

    await expect(dial("127.0.0.1", 1, signal)).rejects.toMatchObject({
      code: "HOST_UNREACHABLE",
      vendorCode: "ECONNREFUSED",
    });
  });
});
