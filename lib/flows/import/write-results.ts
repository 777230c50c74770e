import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { csvLine, guardFormula, reasonColumns, reportColumns } from "../../engine/csv/reject-rows.ts";
import { type ErrorCode, errorCodes } from "../../model/error-codes.ts";
import type { Deps } from "../deps.ts";
import type { StoredImport } from "../store/imports.ts";
import { fileKeys } from "../store/keys.ts";
import type { ReadingPlan } from "./import-files.ts";
import type { ImportOutcome } from "./slice-outcomes.ts";

/** What the report says of the file as a whole. */
export interface Summary {
  readonly code: ErrorCode | null;
  readonly message: string;
}

/** Leaves `results/<folder>/<file>.<importId>.report.csv`, and `….rejected.csv` with the bad rows, ready to be mended and dropped again. */
export async function writeResults(
  deps: Deps,
  record: StoredImport,
  summary: Summary,
  read?: { readonly plan: ReadingPlan; readonly outcome: ImportOutcome },
): Promise<void> {
  const slices = read?.outcome.slices ?? [];
  const { code, message } = summary;
  const told = ["", "", code ?? "", message, code === null ? "" : errorCodes[code].fix, ""].map(guardFormula);
  const reports = slices.flatMap(({ reportKey }) => (reportKey === null ? [] : [reportKey]));
  await writeResult(deps, resultKey(record, "report"), csvLine(reportColumns) + csvLine(told), reports);
  const rejected = slices.flatMap(({ rejectedKey }) => (rejectedKey === null ? [] : [rejectedKey]));
  if (read === undefined || rejected.length === 0) return;
  const { delimiter, columns } = read.plan;
  const header = csvLine([...columns.headers, ...reasonColumns], String.fromCharCode(delimiter));
  await writeResult(deps, resultKey(record, "rejected"), header, rejected);
}

function resultKey({ accountId, userId, object, name, id }: StoredImport, kind: "report" | "rejected"): string {
  return fileKeys.results(accountId, userId, `${object}/${name}.${id}.${kind}.csv`);
}

async function writeResult(deps: Deps, key: string, head: string, partKeys: readonly string[]): Promise<void> {
  if (partKeys.length === 0) {
    await deps.files.putIfAbsent(key, new TextEncoder().encode(head));
    return;
  }
  await mkdir(deps.scratchFolder, { recursive: true });
  const path = join(deps.scratchFolder, `${Buffer.from(deps.randomness.bytes(12)).toString("hex")}.csv`);
  try {
    {
      await using file = await open(path, "w");
      await file.writeFile(head);
      for (const part of partKeys) await append(deps, file, part);
    }
    await deps.files.putIfAbsent(key, { path });
  } finally {
    await rm(path, { force: true });
  }
}

async function append(deps: Pick<Deps, "files">, file: FileHandle, key: string): Promise<void> {
  await using part = await deps.files.download(key);
  await using source = await open(part.path);
  for await (const chunk of source.createReadStream({ autoClose: false })) await file.writeFile(chunk as Uint8Array);
}
