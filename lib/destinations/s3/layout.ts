import { SyncError } from "../../model/errors.ts";
import type { RunId } from "../../model/ids.ts";
import type { DataObject } from "../../model/log.ts";
import type { TableName } from "../../model/tables.ts";
import type { EncodedFile } from "../destination.ts";
import { tableOf } from "../sql/dialect.ts";
import { checkedPrefix } from "../sql/identifiers.ts";
import type { S3Settings } from "./settings.ts";

export const extensions: Readonly<Record<S3Settings["format"], string>> = { parquet: "parquet", ndjson: "ndjson.gz" };

/** Tables that have rows of their own; metrics ride in the manifests of the events. */
export const dataTables = ["profile", "event", "metric"] as const satisfies readonly TableName[];

/** Manifests are named by what is left to this number, so that a list shows the newest first. */
const numberMax = 999_999_999_999;
const numberDigits = 12;

/** Our ids only: a plan's name becomes a folder's. */
const planPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/** Where everything of a connection lies in its bucket. Keys begin with the settings' prefix. */
export interface Layout {
  /** The folder of a table's rows; ends in `/`. */
  dataFolder(table: TableName): string;
  /** The folder of all tables' manifests, and that of all staged files; each ends in `/`. */
  readonly receiptRoot: string;
  readonly stagingRoot: string;
  /** The folder of a table's manifests; ends in `/`. */
  chainFolder(object: DataObject): string;
  manifestKey(object: DataObject, number: number): string;
  /** The number in a manifest's key; undefined for what else lies there. */
  manifestNumber(object: DataObject, key: string): number | undefined;
  /** Where a plan's files lie until they are committed; ends in `/`. */
  stagingFolder(planId: RunId): string;
  stagedKey(file: Pick<EncodedFile, "planId" | "object" | "number">, digest: string): string;
  /** A name below any folder of ours. */
  inRoot(path: string): string;
}

/** Throws `NAME_INVALID` for a table prefix that cannot be used. */
export function layoutOf(settings: Pick<S3Settings, "prefix" | "format">, tablePrefix: string): Layout {
  const root = settings.prefix === "" ? "" : `${settings.prefix}/`;
  const prefix = checkedPrefix(tablePrefix);
  const table = (name: TableName | "staging") => `${prefix}${name}`;
  const [receiptRoot, stagingRoot] = [`${root}${table("sync_receipt")}/`, `${root}${table("staging")}/`];
  const chainFolder = (object: DataObject) => `${receiptRoot}${table(tableOf(object))}/`;
  const stagingFolder = (planId: RunId) => `${stagingRoot}${checkedPlan(planId)}/`;
  return {
    ...{ receiptRoot, stagingRoot },
    dataFolder: (name) => `${root}${table(name)}/`,
    chainFolder,
    manifestKey: (object, number) =>
      `${chainFolder(object)}${String(numberMax - number).padStart(numberDigits, "0")}.json`,
    manifestNumber: (object, key) => {
      const [, digits] = /^(\d{12})\.json$/.exec(key.slice(chainFolder(object).length)) ?? [];
      return digits === undefined ? undefined : numberMax - Number(digits);
    },
    stagingFolder,
    stagedKey: ({ planId, object, number }, digest) =>
      `${stagingFolder(planId)}${object}-${number}-${digest.slice(0, 32)}.${extensions[settings.format]}`,
    inRoot: (path) => `${root}${path}`,
  };
}

function checkedPlan(planId: string): string {
  if (planPattern.test(planId)) return planId;
  throw new SyncError("NAME_INVALID", { message: `${JSON.stringify(planId)} cannot name a folder` });
}
