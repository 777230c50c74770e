/** What the files of a new kind begin with. `Name` is the kind with a capital, `name` the kind. */
export function templates(kind: string): Readonly<Record<string, string>> {
  const Name = kind.charAt(0).toUpperCase() + kind.slice(1);
  return {
    "index.ts": indexText(kind, Name),
    "settings.ts": settingsText(kind, Name),
    "client.ts": clientText(kind, Name),
    "testbed.ts": testbedText(kind),
    "ddl.sql": `-- What setupScript({}, { tablePrefix: "klaviyo_" }) of ${kind} says; the suite compares.\n`,
    "README.md": readmeText(Name),
  };
}

function indexText(kind: string, Name: string): string {
  return `import { defineDestination } from "../destination.ts";
import { settings } from "./settings.ts";

export default defineDestination({
  kind: "${kind}",
  title: "${Name}",
  settings,
  staging: "ndjson.gz",
  limits: { batchRowsMax: 500_000, batchBytesMax: 268_435_456, batchFilesMax: 32, valueBytesMax: null },
  ports: [443],
  setupScript: () => "-- The statements that an administrator of ${Name} runs once; re-runnable.\\n",
  connect: async (given, target, options) => {
    const { open${Name} } = await import("./client.ts");
    return open${Name}(given, target, options);
  },
});
`;
}

function settingsText(kind: string, Name: string): string {
  return `import * as z from "zod";

/** Fields and labels of the product's form. */
export const settings = z.object({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}$/, "write the bare host name, without https:// and without port")
    .meta({ label: "Host URL", help: "Reachable from our egress addresses.", identity: true }),
  password: z.string().min(1).max(1_000).meta({ label: "Password", help: "Kept encrypted and never shown.", secret: true }),
});

/** Settings of a connection to ${Name} (${kind}). */
export type ${Name}Settings = ReturnType<typeof settings.parse>;
`;
}

function clientText(kind: string, Name: string): string {
  const missing = (method: string, args: string) =>
    `    ${method}: (${args}) => Promise.reject(notWritten("${method}")),`;
  return `import type { OpenOptions, Target, Warehouse } from "../destination.ts";
import type { ${Name}Settings } from "./settings.ts";

/** A session with ${Name}. Dials through \`options.dial\` and nothing else. */
export function open${Name}(_settings: ${Name}Settings, _target: Target, _options: OpenOptions): Warehouse {
  return {
    check: () => {
      throw notWritten("check");
    },
${["stage", "commit", "poll", "receipts", "hasReceipt", "heads", "discard"].map((method) => missing(method, "")).join("\n")}
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function notWritten(method: string): TypeError {
  return new TypeError(\`lib/destinations/${kind}/client.ts: \${method} is not written yet\`);
}
`;
}

function testbedText(kind: string): string {
  return `import type { Testbed } from "../testbed.ts";

/** What the suite runs on: a real engine, or a stand-in that refuses what ${kind} refuses. */
export function startTestbed(): Promise<Testbed> {
  return Promise.reject(
    new TypeError("lib/destinations/${kind}/testbed.ts: startTestbed is not written yet; the suite has nothing to run on"),
  );
}
`;
}

function readmeText(Name: string): string {
  return `# ${Name}

## What a customer runs

## How a batch goes in

## What it cannot hold

## Never tried live
`;
}
