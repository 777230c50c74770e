import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import type { LogId } from "../../model/ids.ts";
import { type TableName, warehouseTables } from "../../model/tables.ts";
import type { OpenOptions } from "../destination.ts";
import { bareName, tableKeys } from "../sql/dialect.ts";
import { isAllowed } from "../stand-ins/evaluate-policy.ts";
import type { S3Call } from "../stand-ins/s3/s3-access.ts";
import { bytesOf } from "../stand-ins/s3/s3-bytes.ts";
import type { S3Request } from "../stand-ins/s3/s3-request.ts";
import { type S3Server, startS3 } from "../stand-ins/s3/s3-server.ts";
import type { KnownKey } from "../stand-ins/s3/s3-signature.ts";
import { loopbackDial, plainValue, type StartTestbed, type Testbed } from "../testbed.ts";
import s3 from "./index.ts";
import { layoutOf } from "./layout.ts";
import { parseManifest } from "./manifest.ts";
import type { Policy } from "./policies.ts";
import type { S3Settings } from "./settings.ts";
import { setupScript } from "./setup-script.ts";
import { duckdbViews, quoted } from "./views.ts";

const region = "eu-west-1";
const owner = "210987654321";

export interface S3Testbed extends Testbed {
  readonly server: S3Server;
  /** The statements that hold for the bed's key; what is added is allowed, what is taken away is not. */
  readonly statements: Policy["Statement"][number][];
  /** Whose signatures are good, by access key ID. */
  readonly signers: Map<string, KnownKey>;
  /** Puts an object as the bucket's owner. */
  putObject(key: string, body: string): Promise<void>;
  /** Keys of all objects, without those that were deleted. */
  keys(): readonly string[];
}

/** A bucket of its own that enforces the policy of the setup script, one for each format. */
export const testbeds: Readonly<Record<string, StartTestbed>> = {
  parquet: () => startS3Testbed({ format: "parquet", prefix: "lake/v1" }),
  ndjson: () =>
    startS3Testbed({ format: "ndjson", prefix: "", partitions: "{object}/{event_yyyy}/{event_mm}/at={hh}" }),
};

/** Both formats are committed alike. */
export const variants: readonly string[] = ["ndjson"];

/** In another process, what a session with a running bed is opened with. */
export function openOptionsOf(handle: unknown): Partial<OpenOptions> {
  return { awsEndpoints: { s3: String(handle) } };
}

export async function startS3Testbed(given: Partial<S3Settings>): Promise<S3Testbed> {
  const suffix = randomBytes(6).toString("hex");
  const { prefix = "", format = "parquet" } = given;
  const bucket = `bed-${suffix}`;
  const accessKeyId = `AKIA${suffix.toUpperCase()}`;
  const secretAccessKey = `canary-${randomBytes(18).toString("base64url")}`;
  const settings = { bucket, region, accessKeyId, secretAccessKey, ...given };
  const statements: Policy["Statement"][number][] = [];
  const allows = (call: S3Call) => isAllowed(statements.map(withTexts), { ...call, context: contextOf(call) });
  const signers = new Map<string, KnownKey>([[accessKeyId, { secretAccessKey }]]);
  const server = await startS3({ bucketName: bucket, access: { region, owner, keys: signers, isAllowed: allows } });
  const endpoint = server.url.replace("127.0.0.1", "s3.bed.test");
  const administer = async (script: string) => void statements.push(...allowedIn(script));
  await administer(setupScript(settings, { tablePrefix: "klaviyo_" }));
  const read = (sql: string, tablePrefix: string) => readViews(server, { prefix, format, tablePrefix }, sql);
  return {
    settings,
    server,
    statements,
    signers,
    putObject: (key, body) => putObject(server, bucket, key, body),
    keys: () => keysIn(server),
    dial: loopbackDial,
    folder: tmpdir(),
    options: openOptionsOf(endpoint),
    handle: endpoint,
    rows: async (table, tablePrefix = "klaviyo_") => {
      const found = await read(selectTexts(table, tablePrefix), tablePrefix);
      return found.map((row) =>
        Object.fromEntries(
          warehouseTables[table].map(({ name, type }) => [name, plainValue(type, unmarked(row[name]))]),
        ),
      );
    },
    columns: async (table) => {
      const found = await read(`DESCRIBE ${quoted(bareName("klaviyo_", table))}`, "klaviyo_");
      return found.map((row) => ({ name: String(row["column_name"]), required: null }));
    },
    administer,
    setUp: async (tablePrefix) => {
      await administer(setupScript(settings, { tablePrefix }));
      await check({ settings, tablePrefix, options: openOptionsOf(endpoint) });
    },
    loseReceipts: async () => {
      const { receiptRoot } = layoutOf({ prefix, format }, "klaviyo_");
      const manifests = keysIn(server).filter((key) => key.startsWith(receiptRoot));
      for (const key of manifests) if (await isBatch(server, key)) await server.bucket.delete(key, undefined);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The tables of a prefix are begun by a check: there is nothing that an administrator could make. */
async function check(about: { settings: unknown; tablePrefix: string; options: Partial<OpenOptions> }): Promise<void> {
  const target = { logId: "lg0000000setup00" as LogId, tablePrefix: about.tablePrefix };
  const options = { signal: AbortSignal.timeout(60_000), dial: loopbackDial, folder: tmpdir(), ...about.options };
  await using warehouse = await s3.open(about.settings, target, options);
  for await (const step of warehouse.check()) if (!step.ok) throw new Error(`${step.step}: ${step.detail}`);
}

/** The statements of the script's policies that allow us something. */
function allowedIn(script: string): Policy["Statement"] {
  const policies = [...script.matchAll(/\/\*\n(.*?)\n\*\//gs)].map(([, text = ""]): Policy => JSON.parse(text));
  return policies.flatMap(({ Statement }) =>
    Statement.filter(({ Sid }) => Sid !== "WarehouseSync" && Sid !== "OnlyThroughOurEndpoint"),
  );
}

function withTexts({ Effect, Action, Resource = [], Condition }: Policy["Statement"][number]) {
  const conditions = (Condition ?? {}) as Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  return { Effect, Action, Resource, Condition: conditions };
}

function contextOf({ prefix }: S3Call): Readonly<Record<string, string>> {
  return prefix === undefined ? {} : { "s3:prefix": prefix };
}

async function putObject(server: S3Server, bucket: string, key: string, body: string): Promise<void> {
  const message = Object.assign(Readable.from([Buffer.from(body)]), { headers: {}, method: "PUT", url: "" });
  const request = { method: "PUT", bucket, key, query: new URLSearchParams(), headers: {}, message };
  await server.bucket.put(request as unknown as S3Request, {});
}

function keysIn({ bucket }: S3Server): readonly string[] {
  const { objects } = bucket;
  return objects.keys.filter((key) => objects.versionsOf(key).at(-1)?.isDeleteMarker === false);
}

async function isBatch({ bucket }: S3Server, key: string): Promise<boolean> {
  const { stretches, bytes } = bucket.objects.read(key);
  const chunks: Buffer[] = [];
  for await (const chunk of bytesOf(stretches, 0, bytes)) chunks.push(chunk);
  return parseManifest(Buffer.concat(chunks).toString())?.kind === "batch";
}

/** Answers a query over the very views that customers are given, over a copy of the bucket on this disk. */
async function readViews(
  server: S3Server,
  place: { prefix: string; format: S3Settings["format"]; tablePrefix: string },
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-s3-copy-"));
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await copyBucket(server, folder);
    for (const view of duckdbViews({ ...place, base: `${folder}/` })) await connection.run(view);
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyBucket(server: S3Server, folder: string): Promise<void> {
  for (const key of keysIn(server)) {
    const { stretches, bytes } = server.bucket.objects.read(key);
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await pipeline(bytesOf(stretches, 0, bytes), createWriteStream(join(folder, key)));
  }
}

/** The binding drops a byte order mark from the start of every text, so each is read behind a mark of ours. */
function unmarked(text: unknown): unknown {
  return typeof text === "string" ? text.slice(1) : text;
}

function selectTexts(table: TableName, prefix: string): string {
  const columns = warehouseTables[table].map(({ name, type }) => {
    const text = type === "instant" ? `strftime("${name}", '%Y-%m-%dT%H:%M:%S.%fZ')` : `"${name}"::VARCHAR`;
    return `'=' || ${text} AS "${name}"`;
  });
  return `SELECT ${columns.join(", ")} FROM ${quoted(bareName(prefix, table))} ORDER BY ${tableKeys[table].join(", ")}`;
}
