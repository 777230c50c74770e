import { copyFile, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SyncError } from "../../model/errors.ts";
import type { RunId } from "../../model/ids.ts";
import type { EncodedFile, StagedFile } from "../destination.ts";
import { stagingFolder } from "./database.ts";

/** Our ids only: a plan's name becomes a folder's. */
const planPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

function planFolder(folder: string, planId: RunId): string {
  if (!planPattern.test(planId)) throw new SyncError("NAME_INVALID", { message: `${planId} cannot name a folder` });
  return join(stagingFolder(folder), planId);
}

/** Where a file of a plan lies staged. */
export function stagedPath(folder: string, planId: RunId, file: Pick<StagedFile, "object" | "number">): string {
  return join(planFolder(folder, planId), `${file.object}-${file.number}.parquet`);
}

/** Puts a file beside the database: linked where the disk is the same, copied otherwise, whole or not at all. */
export async function stageFile(folder: string, file: EncodedFile): Promise<StagedFile> {
  const path = stagedPath(folder, file.planId, file);
  await mkdir(dirname(path), { recursive: true });
  const isThere = await stat(path).then(
    ({ size }) => size === file.bytes,
    () => false,
  );
  if (!isThere) await place(file.path, path);
  const { number, object, rows, bytes, eventAtMin, eventAtMax } = file;
  return {
    number,
    object,
    rows,
    bytes,
    location: `${file.planId}/${object}-${number}.parquet`,
    ...(eventAtMin === undefined ? {} : { eventAtMin }),
    ...(eventAtMax === undefined ? {} : { eventAtMax }),
  };
}

async function place(source: string, path: string): Promise<void> {
  const half = `${path}.${process.pid}-${process.hrtime.bigint()}`;
  await link(source, half).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw error;
    await copyFile(source, half);
  });
  await rename(half, path);
  // Renaming onto another name of the same file does nothing, and leaves both.
  await rm(half, { force: true });
}

/** Removes what lies staged for a plan. */
export async function discardPlan(folder: string, planId: RunId): Promise<void> {
  await rm(planFolder(folder, planId), { recursive: true, force: true });
}
