import type { EngineSession } from "../engine.ts";
import { nobody } from "./identity-groups.ts";
import { readParquet } from "./rows.ts";
import type { StateFiles } from "./state-files.ts";
import { scratchFile, type WrittenFile, writeFile } from "./written-files.ts";

/** How rows of a kind of state override each other. */
export interface CompactionRule {
  /** The column that names one thing, and the one that grows with each change of it. */
  readonly key: string;
  readonly order: string;
  /** Rows to keep in a base. Deltas keep all: what they take away is in files below them. */
  readonly lives: string;
}

export const profileRule: CompactionRule = { key: "id", order: "_seq", lives: "true" };
export const identityRule: CompactionRule = { key: "key", order: "seq", lives: `profile <> ${nobody}` };

/** Rewrites a partition's files into one: all of them, or its deltas alone. */
export async function compactState(
  session: EngineSession,
  rule: CompactionRule,
  request: { readonly local: StateFiles; readonly what: "all" | "deltas"; readonly path: string },
): Promise<WrittenFile> {
  const { base, deltas } = request.local;
  const files = readParquet(request.what === "all" && base !== null ? [base, ...deltas] : deltas);
  const { key, order, lives } = rule;
  const winners = `SELECT ${key}, max(${order}) AS ${order} FROM ${files} GROUP BY ${key}`;
  const where = request.what === "all" ? lives : "true";
  const rows = `SELECT * FROM ${files} SEMI JOIN (${winners}) USING (${key}, ${order}) WHERE ${where}`;
  return writeFile(session, rows, request.path);
}

/** Merges runs of the event index into one. */
export async function mergeRuns(
  session: EngineSession,
  paths: readonly string[],
  folder: string,
): Promise<WrittenFile> {
  const path = await scratchFile(folder, "merged-runs.parquet");
  return writeFile(session, `SELECT hi, lo FROM ${readParquet(paths)} ORDER BY hi, lo`, path);
}
