import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { hasCode, SyncError } from "../../model/errors.ts";
import { type DataObject, dataObjects } from "../../model/log.ts";
import { requireExternalId } from "../aws/assume-role.ts";
import { CheckFailure, type CheckTask } from "../check-steps.ts";
import type { OpenOptions, Target } from "../destination.ts";
import { bareName, tableOf } from "../sql/dialect.ts";
import type { Chain } from "./chain.ts";
import { loadOneFile, tryRights } from "./check-rights.ts";
import { roleRequest, type S3Connection } from "./connection.ts";
import { emptyFile } from "./empty-file.ts";
import { dataTables, extensions, type Layout } from "./layout.ts";
import { beginning, manifestText } from "./manifest.ts";
import type { S3Settings } from "./settings.ts";

/** What the steps of a check work with. */
export interface CheckScope {
  readonly settings: S3Settings;
  readonly target: Target;
  readonly options: OpenOptions;
  readonly connection: S3Connection;
  readonly layout: Layout;
  readonly chainOf: (object: DataObject) => Chain;
}

/** The steps of a check. They begin the tables where none is there. */
export function checkTasks(scope: CheckScope): readonly CheckTask[] {
  const { connection, layout } = scope;
  return [
    { step: "reach", run: () => reach(scope) },
    { step: "tls", run: () => checkTls(scope) },
    { step: "login", run: () => logIn(scope) },
    { step: "privileges", run: () => tryRights(scope) },
    { step: "tables", run: () => beginTables(scope) },
    { step: "columns", run: () => readHeads(scope) },
    { step: "receipts", run: () => checkOwner(scope) },
    { step: "load", run: () => loadOneFile(connection.objects, layout) },
  ];
}

async function reach({ connection, options }: CheckScope): Promise<string> {
  const { host, port } = connection;
  (await options.dial(host, port, options.signal)).destroy();
  return `${host}:${port} answers`;
}

async function checkTls({ connection, options }: CheckScope): Promise<string> {
  const { host, port, isEncrypted, errors } = connection;
  if (!isEncrypted) return "not encrypted: a private network";
  const socket = await options.dial(host, port, options.signal);
  const encrypted = connectTls({ socket, host, servername: host, minVersion: "TLSv1.2" });
  try {
    await once(encrypted, "secureConnect", { signal: options.signal });
  } catch (error) {
    throw errors.of(error, "TLS");
  } finally {
    encrypted.destroy();
    socket.destroy();
  }
  return "encrypted, certificate verified";
}

/** Any answer but one about credentials, region or bucket lets us in; rights are the next step's. */
async function logIn({ settings, target, options, connection, layout }: CheckScope): Promise<string> {
  const { roleArn, region, accessKeyId } = settings;
  if (roleArn !== undefined) {
    const { externalId } = target;
    await requireExternalId(roleRequest(roleArn, { externalId, region, options, errors: connection.errors }));
  }
  try {
    await connection.objects.list(layout.chainFolder("profiles"), 1);
  } catch (error) {
    if (hasCode(error, "PERMISSION_DENIED")) return `as ${roleArn ?? accessKeyId}`;
    if (error instanceof SyncError && error.message.startsWith("your bucket")) {
      const [, elsewhere = ""] = / is in ([a-z0-9-]+),/.exec(error.message) ?? [];
      throw new CheckFailure(`Write ${elsewhere} as the bucket's location (region).`, error);
    }
    throw error;
  }
  return `as ${roleArn ?? accessKeyId}, bucket ${settings.bucket} in ${region}`;
}

/**
 * Each table's chain has its first manifest, and each folder of rows a file without any, so that a reader finds columns
 * before the first rows come. One first manifest without the other means that somebody, or a lifecycle rule, deletes.
 */
async function beginTables({ connection, layout, settings, target }: CheckScope): Promise<string> {
  const { objects } = connection;
  for (const table of dataTables) {
    const key = `${layout.dataFolder(table)}_empty.${extensions[settings.format]}`;
    await objects.putIfAbsent(key, { content: emptyFile(settings.format, table) });
  }
  const begun = await Promise.all(
    dataObjects.map(async (object) => (await objects.about(layout.manifestKey(object, 0))) !== undefined),
  );
  if (begun.every((isThere) => isThere)) return "all tables are there";
  const missing = dataObjects.filter((_, index) => begun[index] === false);
  const isNew = (await Promise.all(dataObjects.map((object) => objects.list(layout.chainFolder(object), 1)))).every(
    (keys) => keys.length === 0,
  );
  if (!isNew) throw wasDeleted(missing, layout);
  for (const object of dataObjects) {
    const manifest = beginning(bareName(target.tablePrefix, tableOf(object)), randomUUID());
    await objects.putIfAbsent(layout.manifestKey(object, 0), { content: manifestText(manifest) });
  }
  return "the tables were begun";
}

function wasDeleted(objects: readonly DataObject[], layout: Layout): CheckFailure {
  const keys = objects.map((object) => layout.manifestKey(object, 0)).join(", ");
  return new CheckFailure(
    "Take the folder out of every lifecycle rule, and restore the object from its earlier version; or choose another table prefix.",
    new SyncError("OBJECT_MISSING", { message: `deleted beside other manifests: ${keys}` }),
  );
}

async function readHeads({ chainOf }: CheckScope): Promise<string> {
  for (const object of dataObjects) await chainOf(object).head();
  return "the newest manifests can be read";
}

async function checkOwner({ chainOf, target }: CheckScope): Promise<string> {
  for (const object of dataObjects) {
    const { log_id, target_table } = await chainOf(object).head();
    if (log_id === null || log_id === target.logId) continue;
    throw new SyncError("FOREIGN_RECEIPTS", { message: `${target_table} holds receipts of the log ${log_id}` });
  }
  return "no other log writes here";
}
