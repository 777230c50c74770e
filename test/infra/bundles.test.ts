import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundleFunctions, writerBundleName } from "../../lib/infra/bundles/bundle.ts";
import { deployedKinds } from "../../lib/infra/bundles/deployed-kinds.ts";
import { type Architecture, duckdbLayer } from "../../lib/infra/bundles/duckdb-layer.ts";
import { requireDeployable } from "../../lib/infra/bundles/sizes.ts";
import { functionSpecs, hasEngine } from "../../lib/infra/function-specs.ts";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);
const folder = tempFolder();
const cache = tempFolder();
const own: Architecture = process.arch === "arm64" ? "arm64" : "x86_64";
let bundles: readonly Bundle[] = [];
let layer = "";

beforeAll(async () => {
  bundles = await bundleFunctions(folder.path, hasEngine);
  layer = await duckdbLayer(own, { cacheFolder: cache.path });
}, 300_000);

afterAll(() => {
  folder[Symbol.dispose]();
  cache[Symbol.dispose]();
});

const named = (name: string): Bundle => {
  const found = bundles.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no bundle ${name}`);
  return found;
};

/** What is left of a bundle's inputs, by package; our own files under `""`. */
function byPackage({ inputs }: Bundle): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [path, bytes] of Object.entries(inputs)) {
    const name = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? "";
    if (bytes > 0) sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  return sums;
}

const vendorPackages = {
  sdk: /^(@aws-sdk|@smithy|@aws-crypto|@aws)\/|^(tslib|mnemonist|obliterator)$/,
  telemetry:
    /^@aws-lambda-powertools\/|^(aws-xray-sdk-core|atomic-batcher|cls-hooked|emitter-listener|shimmer|semver)$/,
  engine: /^@duckdb\/node-api$/,
  ours: /^$|^(zod|@middy\/core|ipaddr\.js)$/,
} as const;

const pg = /^(pg|pg-.*|pgpass|postgres-(array|bytea|date|interval)|split2|xtend)$/;
/** The driver of each kind, with what it brings along, where that is not AWS's SDK. */
const drivers: Readonly<Record<string, RegExp>> = { postgres: pg, redshift: pg };

/** What of a bundle are kinds of warehouse: their definitions in what shows forms and scripts, a whole one in its writer. */
const isKind = /^lib\/destinations\/(?!sql\/|pg-wire\/|aws\/)[^/]+\//;

function kindBytes({ inputs }: Bundle): number {
  return Object.entries(inputs).reduce((sum, [path, bytes]) => sum + (isKind.test(path) ? bytes : 0), 0);
}

const isOf = (group: keyof typeof vendorPackages) => (name: string) => vendorPackages[group].test(name);

function bytesOf(bundle: Bundle, isCounted: (name: string) => boolean): number {
  return [...byPackage(bundle)].reduce((sum, [name, bytes]) => sum + (isCounted(name) ? bytes : 0), 0);
}

test("there is one bundle per function, and one writer per kind that runs in AWS", async () => {
  const writers = (await deployedKinds()).map(writerBundleName);

  expect(bundles.map(({ name }) => name).sort()).toEqual([...Object.keys(functionSpecs), ...writers].sort());
});

test("the same sources give the same bytes in another place", async () => {
  using other = tempFolder();
  const names = ["parse-range", "authorize-call", "writer-postgres"];

  const again = await bundleFunctions(other.path, hasEngine, (name) => names.includes(name));

  expect(again.map(({ name }) => name).sort()).toEqual([...names].sort());
  for (const bundle of again)
    for (const file of ["index.mjs", "index.mjs.map"])
      expect(readFileSync(join(bundle.folder, file)).equals(readFileSync(join(named(bundle.name).folder, file)))).toBe(
        true,
      );
}, 300_000);

describe("a bundle holds", () => {
  test("no code of tests, of the local system, of infrastructure, and nobody's source text", () => {
    for (const { name, folder: code, inputs } of bundles) {
      const strangers = Object.entries(inputs).filter(
        ([path, bytes]) =>
          bytes > 0 &&
          /^(test|bench|bin)\/|\.test\.ts$|\/testbed\.ts$|^lib\/(local|infra|operate|platform\/embedded)\//.test(path),
      );
      expect(strangers, name).toEqual([]);
      expect(JSON.parse(readFileSync(join(code, "index.mjs.map"), "utf8")), name).not.toHaveProperty("sourcesContent");
    }
  });

  test("only packages that are meant to be there, and a driver only in its writer", async () => {
    for (const bundle of bundles) {
      const driver = drivers[bundle.name.replace(/^writer-/, "")];
      const known = [vendorPackages.sdk, vendorPackages.telemetry, vendorPackages.ours];
      if (hasEngine(bundle.name)) known.push(vendorPackages.engine);
      if (driver !== undefined && bundle.name.startsWith("writer-")) known.push(driver);

      const strangers = [...byPackage(bundle).keys()].filter((name) => !known.some((pattern) => pattern.test(name)));

      expect(strangers, bundle.name).toEqual([]);
    }
  });

  test("no warehouse but its own, in a writer", async () => {
    for (const kind of await deployedKinds()) {
      const { inputs } = named(writerBundleName(kind));
      const others = Object.keys(inputs).filter(
        (path) => isKind.test(path) && !path.startsWith(`lib/destinations/${kind}/`),
      );
      expect(others).toEqual([]);
      expect(inputs).toHaveProperty([`lib/destinations/${kind}/client.ts`]);
    }
  });

  test("no step of DuckDB, where there is no layer with it", () => {
    // Names of properties stay as they are: `deps.engine` is what a step of DuckDB starts from.
    const isUser = ({ folder: code }: Bundle) => /\.engine\b/.test(readFileSync(join(code, "index.mjs"), "utf8"));

    for (const bundle of bundles) expect(isUser(bundle), bundle.name).toBe(hasEngine(bundle.name));
  });

  test("as little as was agreed on", async () => {
    const kinds = await deployedKinds();
    for (const bundle of bundles) {
      const name = bundle.name;
      const ofKinds = kindBytes(bundle);
      const isWriter = name.startsWith("writer-");
      expect(ofKinds, `${name}: kinds of warehouse`).toBeLessThan(isWriter ? 75_000 : 15_000 * kinds.length);
      expect(bytesOf(bundle, (each) => each === "") - ofKinds, `${name}: our own code`).toBeLessThan(
        // Every route of the API.
        name === "answer-call" ? 200_000 : 150_000,
      );
      expect(bytesOf(bundle, isOf("ours")) - ofKinds, `${name}: our code, zod and middy`).toBeLessThan(290_000);
      expect(bytesOf(bundle, isOf("telemetry")), `${name}: telemetry`).toBeLessThan(180_000);
      expect(bytesOf(bundle, isOf("sdk")), `${name}: AWS SDK`).toBeLessThan(950_000);
      expect(bytesOf(bundle, isOf("engine")), `${name}: DuckDB's API`).toBeLessThan(230_000);
    }
  });

  test("with its layers less than Lambda takes", async () => {
    for (const { name, folder: code } of bundles)
      await requireDeployable(name, [code, ...(hasEngine(name) ? [layer] : [])]);
  });
});

/** As much of a function's environment as the start needs. No network is reached. */
const environment = {
  PATH: process.env["PATH"] ?? "",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
  WS_NAME: "warehouse-sync",
  WS_VERSION: "0.0.0",
  WS_TABLE: "table",
  WS_BUCKET: "bucket",
  WS_SECRET_PREFIX: "warehouse-sync/",
  WS_KMS_KEY_ARN: "arn:aws:kms:eu-central-1:111122223333:key/0",
  WS_STATE_MACHINE_PREFIX: "arn:aws:states:eu-central-1:111122223333:stateMachine:warehouse-sync-",
  WS_WRITER_PREFIX: "warehouse-sync-writer-",
  WS_KINDS: "postgres",
  WS_WRITER_ROLE_ARN: "arn:aws:iam::111122223333:role/writer",
};

/** Runs a script in a process that knows nothing but what a function knows; answers what it prints last, as JSON. */
async function inFreshProcess(script: string): Promise<unknown> {
  const env = { ...environment, NODE_PATH: join(layer, "nodejs/node_modules") };
  const args = ["--input-type=module", "--enable-source-maps", "--eval", script];
  const { stdout } = await run(process.execPath, args, { env, cwd: folder.path, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "null");
}

/** The name and text of the error with which the first call of a function ends. */
async function firstFailure(name: string, event: unknown): Promise<unknown> {
  return inFreshProcess(`
    const { handler } = await import(${JSON.stringify(join(named(name).folder, "index.mjs"))});
    const error = await handler(${JSON.stringify(event)}, {}).then(() => null, (thrown) => thrown);
    console.log(JSON.stringify([error?.name, error?.message]));
  `);
}

describe("a cold start", () => {
  test("brings every function up from its bundle and layer alone", async () => {
    const paths = bundles.map((bundle) => join(bundle.folder, "index.mjs"));

    const types = await inFreshProcess(`
      const types = [];
      for (const path of ${JSON.stringify(paths)}) types.push(typeof (await import(path)).handler);
      console.log(JSON.stringify(types));
    `);

    expect(types).toEqual(paths.map(() => "function"));
  });

  test("of the authoriser refuses a wrong token", async () => {
    const event = { type: "TOKEN", authorizationToken: "Bearer nobody", methodArn: "arn:a/v1/GET/x" };

    expect(await firstFailure("authorize-call", event)).toEqual(["Unauthorized", "Unauthorized"]);
  });

  test("of a writer refuses a step that there is not", async () => {
    const [name] = (await firstFailure("writer-postgres", {
      step: "drop-everything",
      input: { accountId: `ac${"0".repeat(14)}` },
    })) as string[];

    expect(name).toBe("ZodError");
  });

  test("of a step of DuckDB finds the binding in the layer", async () => {
    const version = await inFreshProcess(`
      import { createRequire } from "node:module";
      const require = createRequire(${JSON.stringify(`file://${join(named("parse-range").folder, "index.mjs")}`)});
      console.log(JSON.stringify(require("@duckdb/node-bindings").library_version()));
    `);

    expect(version).toMatch(/^v\d/);
  });

  test("with an environment that is not ours says which variable is missing", async () => {
    const script = `
      delete process.env.WS_TABLE;
      const { handler } = await import(${JSON.stringify(join(named("sweep").folder, "index.mjs"))});
      const error = await handler({}, {}).then(() => null, (thrown) => thrown);
      console.log(JSON.stringify(String(error?.message)));
    `;

    expect(await inFreshProcess(script)).toContain("WS_TABLE");
  });
});
