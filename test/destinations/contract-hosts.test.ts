import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenOptions, Warehouse } from "../../lib/destinations/destination.ts";
import { makeDial } from "../../lib/platform/network/dial.ts";
import { profileRow } from "../support/change-files.ts";
import { blockedHosts } from "../support/hostile-hosts.ts";
import { scriptedDial } from "../support/tcp-proxy.ts";
import {
  bedsWithTables,
  codeOf,
  commit,
  commitBeds,
  type WarehouseRig,
  warehouseRig,
} from "../support/warehouse-rig.ts";

const hostLike = /host|endpoint|server|account/i;

/** What a name-like setting must not smuggle into SQL, a URL, a path or a policy. */
const hostileNames = [
  'x"; DROP TABLE klaviyo_profile; --',
  "x'; DROP TABLE klaviyo_profile; --",
  "$$; DROP TABLE klaviyo_profile; $$",
  "a\0b",
  "a\nb",
  "a\u2028b",
  "\ud800",
  "../../etc/passwd",
  "https://evil.example/",
  "x@evil.example/y?z#",
  "x.evil.example:443",
  "`x`",
  "x".repeat(100_000),
];

/** Opens a session and checks; answers the code of what went wrong, `no failure` where nothing did. */
async function outcomeOf(rig: WarehouseRig, settings: Record<string, unknown>, options: Partial<OpenOptions>) {
  const { bed, destination } = rig;
  const target = { logId: "lg00000000000001" as never, tablePrefix: "klaviyo_", ...bed.target };
  const given = { signal: AbortSignal.timeout(8_000), dial: bed.dial, folder: bed.folder, ...bed.options, ...options };
  return codeOf(destination.open({ ...bed.settings, ...settings }, target, given).then(failureOf));
}

async function failureOf(warehouse: Warehouse): Promise<void> {
  await using open = warehouse;
  for await (const step of open.check())
    if (!step.ok) throw Object.assign(new Error(step.detail), { code: step.errorCode });
}

/** Sends without end, as long as it is read; counts what was taken. */
function flood(start: string, taken: { bytes: number }) {
  const piece = Buffer.alloc(65_536, "a");
  return (client: Socket) => {
    client.write(start);
    const more = () => {
      while (!client.destroyed && client.write(piece)) taken.bytes += piece.length;
    };
    client.on("drain", more).once("data", more);
  };
}

describe.for(commitBeds)("a %s warehouse", (bed) => {
  let canary: Server;
  let port = 0;
  let visits = 0;
  beforeAll(async () => {
    canary = createServer((socket) => {
      visits += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
    port = (canary.address() as { port: number }).port;
  });
  afterAll(() => void canary.close());

  test("is never looked for at an address of our own, however it is spelt, in any field that names a host", async () => {
    await using rig = await warehouseRig(bed);
    const fields = Object.keys(rig.destination.settings.shape).filter((name) => hostLike.test(name));
    const dial = makeDial({ lookup: async (name) => [name] });
    const refused = ["HOST_BLOCKED", "SETTINGS_INVALID", "NAME_INVALID"];

    for (const field of fields)
      for (const [, host] of blockedHosts)
        for (const value of [host, `https://${host}`, `http://${host}:${port}`]) {
          const settings = { [field]: value, ...("port" in rig.bed.settings ? { port } : {}) };
          const outcome = await outcomeOf(rig, settings, { dial, allowsEndpoints: true });
          expect(refused, `${field} = ${value}: ${outcome}`).toContain(outcome);
        }

    expect(visits).toBe(0);
    expect(fields.length > 0 || rig.destination.embeddedOnly).toBe(true);
  });

  test("is dialled only by the checked dialler: where its own name turns private, nothing is reached", async () => {
    await using rig = await warehouseRig(bed);
    const asked: string[] = [];
    const dial = makeDial({
      lookup: async (name) => {
        asked.push(name);
        return ["93.184.216.34", "10.0.0.5"];
      },
    });

    const outcome = await outcomeOf(rig, {}, { dial, awsEndpoints: {} });

    expect(outcome).toBe(rig.destination.embeddedOnly ? "no failure" : "HOST_BLOCKED");
    expect(asked.length > 0).toBe(!rig.destination.embeddedOnly);
  });

  test("takes no hostile name for a command, a path or a host", async () => {
    await using rig = await warehouseRig(bed);
    await using warehouse = await rig.open();
    await commit(warehouse, await rig.stage(warehouse, { files: [[profileRow("canary", 1)]] }));
    const dialled = new Set<string>();
    const dial: OpenOptions["dial"] = (host, at, signal) => {
      dialled.add(host);
      return rig.bed.dial(host, at, signal);
    };
    await outcomeOf(rig, {}, { dial });
    const usual = new Set(dialled);
    const names = Object.keys(rig.destination.settings.shape).filter((name) => !hostLike.test(name));

    for (const field of names)
      for (const value of hostileNames) {
        const outcome = await outcomeOf(rig, { [field]: value }, { dial });
        expect(outcome, `${field} = ${JSON.stringify(value).slice(0, 40)}`).toMatch(/^[A-Z_]+$|^no failure$/);
        expect(outcome, `${field} = ${JSON.stringify(value).slice(0, 40)}`).not.toMatch(/^(UNKNOWN|INVARIANT_BROKEN)$/);
        if (bedsWithTables.includes(bed)) await runScript(rig, { [field]: value });
      }

    expect([...dialled].filter((host) => !usual.has(host))).toEqual([]);
    expect((await rig.bed.rows("profile")).map(({ id }) => id)).toEqual(["canary"]);
  });

  const servers = [
    ["says nothing", (_client: Socket) => undefined],
    ["hangs up", (client: Socket) => client.destroy()],
    ["talks nonsense", (client: Socket) => client.once("data", () => client.end("\0\u0001nonsense\r\n\r\n"))],
    ["redirects to us", (client: Socket) => client.once("data", () => client.end(redirect()))],
  ] as const;
  const redirect = () =>
    `HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:${port}/\r\nx-amz-bucket-region: eu-west-9\r\nContent-Length: 0\r\n\r\n`;
  test.for(servers)("at whose place a server %s is told as unreachable, in our words", async ([, behave]) => {
    await using rig = await warehouseRig(bed);
    if (rig.destination.embeddedOnly) return expect(rig.destination.ports).toEqual([]);
    const options = { dial: scriptedDial((client) => void behave(client)), signal: AbortSignal.timeout(1_500) };

    const outcome = await outcomeOf(rig, {}, options);

    expect(outcome).toMatch(/^[A-Z_]+$/);
    expect(outcome).not.toBe("INVARIANT_BROKEN");
    expect(visits).toBe(0);
  });

  const floods = [
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\n\r\n<Error>",
    "R\x7f\xff\xff\xff",
  ];
  test.for(floods)(
    "at whose place a server floods us after %j is cut off before it fills our memory",
    async (start) => {
      await using rig = await warehouseRig(bed);
      const taken = { bytes: 0 };

      const outcome = await outcomeOf(
        rig,
        {},
        {
          dial: scriptedDial(flood(start, taken)),
          signal: AbortSignal.timeout(6_000),
        },
      );

      expect(outcome).toMatch(rig.destination.embeddedOnly ? /no failure/ : /^[A-Z_]+$/);
      expect(taken.bytes).toBeLessThan(400_000_000);
    },
  );
});

/** The setup script with a hostile name is refused, or harmless where an administrator runs it. */
async function runScript(rig: WarehouseRig, settings: Record<string, unknown>): Promise<void> {
  let script: string;
  try {
    script = rig.destination.setupScript(
      { ...rig.bed.settings, ...settings },
      { tablePrefix: "klaviyo_", ...rig.bed.target },
    );
  } catch {
    return;
  }
  await rig.bed.administer(script).catch(() => undefined);
}
