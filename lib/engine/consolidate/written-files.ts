import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type EngineSession, sqlText } from "../engine.ts";
import { parquetOptions } from "./rows.ts";

/** A Parquet file in the scratch folder, not yet handed over. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** A written file of one partition or bucket. */
export interface PartFile extends WrittenFile {
  readonly part: number;
}

/** Writes the rows of a query to one file, in the query's order if it has one. */
export async function writeFile(session: EngineSession, query: string, path: string): Promise<WrittenFile> {
  const [stats] = await session.rows(`COPY (${query}) TO ${sqlText(path)} (${parquetOptions})`);
  return writtenFile(stats ?? {});
}

/** Writes the rows of a query to a file per value of its integer column `part`, in no particular order; without rows, nothing. */
export async function writeParts(session: EngineSession, query: string, folder: string): Promise<readonly PartFile[]> {
  await mkdir(folder, { recursive: true });
  const stats = await session.rows(`COPY (${query}) TO ${sqlText(folder)} (${parquetOptions}, PARTITION_BY (part))`);
  return stats
    .map((row) => ({ ...writtenFile(row), part: partOf(String(row["filename"])) }))
    .sort((a, b) => a.part - b.part || (a.path < b.path ? -1 : 1));
}

/** A path for a file of this name, in a folder that exists afterwards. */
export async function scratchFile(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return join(folder, name);
}

function writtenFile(stats: Record<string, unknown>): WrittenFile {
  return { path: String(stats["filename"]), rows: Number(stats["count"]), bytes: Number(stats["file_size_bytes"]) };
}

function partOf(path: string): number {
  return Number(/part=(\d+)/.exec(path.slice(path.lastIndexOf("part=")))?.[1]);
}
