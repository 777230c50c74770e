import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSlice } from "../../lib/engine/csv/parse-slice.ts";
import { sniffCsv } from "../../lib/engine/csv/sniff.ts";
import { sqlText } from "../../lib/engine/engine.ts";
import { planColumns } from "../../lib/model/column-plan.ts";
import type { DataObject } from "../../lib/model/log.ts";
import { FolderMapping } from "../../lib/model/mapping.ts";
import { anySignal } from "./account-rig.ts";
import { noon } from "./clock.ts";
import { type Row, sharedEngine } from "./import-rig.ts";
import { tempFolder } from "./temp-folder.ts";

/** What became of a file: its accepted rows, and of each rejected one line, column and code. */
export interface ParsedCsv {
  readonly rows: readonly Row[];
  readonly rejects: readonly (readonly [line: number, column: string, code: string])[];
  readonly records: number;
}

/** Sniffs and parses a file as one slice, as an import of one range does. */
export async function parseCsv(
  object: DataObject,
  content: string | Uint8Array,
  mapping: unknown = {},
): Promise<ParsedCsv> {
  using folder = tempFolder();
  const path = join(folder.path, "file.csv");
  const out = join(folder.path, "out");
  await mkdir(out);
  await writeFile(path, content);
  const head = (await readFile(path)).subarray(0, 1024 * 1024);
  const bytes = (await stat(path)).size;
  const rules = FolderMapping.parse(mapping);
  const shape = sniffCsv(head, head.length === bytes, rules.delimiter);
  const { delimiter, headers, dataStart: start, linesBefore } = shape;
  const source = { path, offset: start, start, end: bytes, linesBefore, delimiter, columns: headers.length };
  const plan = planColumns(object, headers, rules);
  const engine = await sharedEngine();
  const slice = await parseSlice(engine, { source, plan, uploadedAt: noon, folder: out }, anySignal);
  await using session = await engine.open(anySignal);
  const parquet = object === "events" ? slice.eventPath : slice.profilePath;
  const rows = parquet === null ? [] : await session.json(`SELECT * FROM read_parquet(${sqlText(parquet)})`);
  const report = slice.reportPath === null ? "" : await readFile(slice.reportPath, "utf8");
  const rejects = [...report.matchAll(/^(\d+),((?:"[^"]*"|[^,])*),([A-Z_]+),/gm)].map(
    ([, line, column = "", code = ""]) => [Number(line), column, code] as const,
  );
  return { rows, rejects, records: slice.records };
}

/** The properties of each row, parsed. */
export function propertiesOf({ rows }: ParsedCsv): readonly unknown[] {
  return rows.map((row) => JSON.parse(String(row["properties"] ?? row["event_properties"] ?? "{}")) as unknown);
}
