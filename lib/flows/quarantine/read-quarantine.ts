import * as z from "zod";
import { sqlText } from "../../engine/engine.ts";
import type { Deps } from "../deps.ts";
import { getQuarantine } from "../store/quarantine.ts";
import { QuarantineRef } from "./requests.ts";

export const ReadQuarantineRequest = QuarantineRef.extend({
  offset: z.coerce.number<string | number>().int().nonnegative().default(0),
  limit: z.coerce.number<string | number>().int().min(1).max(100).default(50),
});

/** An answer of a Lambda function holds 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const answerBytesMax = 4_000_000;

/** A stretch of quarantined rows as they stand in the change log: each value as text, JSON too. */
export interface QuarantinedRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly total: number;
  /** Where the next stretch begins; null at the end. */
  readonly nextOffset: number | null;
}

/** Reads quarantined rows, at least one, and fewer than asked for where they are large. */
export async function readQuarantine(
  deps: Deps,
  request: z.infer<typeof ReadQuarantineRequest>,
  signal: AbortSignal,
): Promise<QuarantinedRows> {
  const { accountId, connectionId, quarantineId, offset, limit } = request;
  const record = await getQuarantine(deps.table, accountId, connectionId, quarantineId);
  await using file = await deps.files.download(record.fileKey, { signal });
  await using session = await deps.engine.open(signal);
  const source = `read_parquet(${sqlText(file.path)}, file_row_number = true)`;
  // The running size decides before a wide row is read.
  const rows = await session.json(
    `SELECT * EXCLUDE (file_row_number) FROM ${source} WHERE file_row_number >= ${offset} AND file_row_number < (
      SELECT ${offset} + greatest(1, count(*) FILTER (WHERE bytes <= ${answerBytesMax})) FROM (
        SELECT sum(octet_length(encode(to_json(r)::VARCHAR))) OVER (ORDER BY file_row_number) AS bytes
        FROM ${source} r WHERE file_row_number >= ${offset} AND file_row_number < ${offset + limit}))
    ORDER BY file_row_number`,
  );
  const next = offset + rows.length;
  return { rows, total: record.rows, nextOffset: next < record.rows && rows.length > 0 ? next : null };
}
