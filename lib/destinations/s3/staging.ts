import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { SyncError } from "../../model/errors.ts";
import type { RunId } from "../../model/ids.ts";
import type { Batch, EncodedFile, StagedFile } from "../destination.ts";
import { bareName, tableOf } from "../sql/dialect.ts";
import type { Layout } from "./layout.ts";
import type { NamedFile } from "./manifest.ts";
import type { Objects } from "./objects.ts";
import { partitionOf } from "./partition.ts";

/** Calls about single objects that go side by side. */
const callsAtOnce = 16;

export interface StagingPlace {
  readonly objects: Objects;
  readonly layout: Layout;
  readonly partitions: string;
  readonly tablePrefix: string;
}

/** Uploads a file under a name that its content decides, so that the same again finds itself there. */
export async function stageFile({ objects, layout }: StagingPlace, file: EncodedFile): Promise<StagedFile> {
  const key = layout.stagedKey(file, await digestOf(file.path));
  await objects.putIfAbsent(key, { path: file.path, bytes: file.bytes }, { rows: file.rows });
  const { number, object, rows, bytes, eventAtMin, eventAtMax } = file;
  return {
    ...{ number, object, rows, bytes, location: key },
    ...(eventAtMin === undefined ? {} : { eventAtMin }),
    ...(eventAtMax === undefined ? {} : { eventAtMax }),
  };
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), hash);
  return hash.digest("hex");
}

/**
 * Copies a batch's files, within the bucket, to where they stay. What lies there is never written again nor deleted:
 * a writer that was overtaken may name its copies whenever it likes, they are there.
 */
export async function placeFiles(place: StagingPlace, batch: Batch): Promise<readonly NamedFile[]> {
  const files = [...batch.files, ...(batch.metricFile === null ? [] : [batch.metricFile])];
  return sideBySide(files, async (file) => {
    const { objects, layout, partitions, tablePrefix } = place;
    const staged = await objects.about(file.location);
    if (staged === undefined || staged.bytes !== file.bytes || staged.rows !== file.rows)
      throw gone(file, staged?.rows);
    const table = bareName(tablePrefix, tableOf(file.object));
    const folder = partitionOf(partitions, table, file, batch.syncedAt);
    const key = layout.inRoot(`${folder}/${batch.planId}-${file.location.slice(file.location.lastIndexOf("/") + 1)}`);
    if ((await objects.copyIfAbsent(file.location, key)) === "gone") throw gone(file, undefined);
    return { table_name: table, object_key: key, rows: file.rows, bytes: file.bytes };
  });
}

function gone(file: StagedFile, rows: number | null | undefined): SyncError {
  const found = rows === undefined || rows === null ? "is gone" : `holds ${rows} rows, not ${file.rows}`;
  return new SyncError("STAGED_GONE", { message: `the staged file ${file.number} of ${file.object} ${found}` });
}

/** Removes what lies staged for a plan, committed or not: committed files were copied. */
export async function discardPlan({ objects, layout }: StagingPlace, planId: RunId): Promise<void> {
  const keys = await objects.list(layout.stagingFolder(planId));
  await sideBySide(keys, (key) => objects.remove(key));
}

async function sideBySide<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += callsAtOnce)
    results.push(...(await Promise.all(items.slice(start, start + callsAtOnce).map(work))));
  return results;
}
