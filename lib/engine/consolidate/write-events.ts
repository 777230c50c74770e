import { warehouseTables } from "../../model/tables.ts";
import type { Instant } from "../../model/time.ts";
import type { EngineSession } from "../engine.ts";
import { acceptedAt, readParquet, seqOfOrdinal } from "./rows.ts";
import { scratchFile, type WrittenFile, writeFile } from "./written-files.ts";

export interface EventWriting {
  /** One bucket of `ShuffledEvents.events`, and all the round's exceptions. */
  readonly events: readonly string[];
  readonly exceptions: readonly string[];
  /** The file of `EventSurvey`. */
  readonly metricFile: string;
  readonly acceptedAtUs: ReadonlyMap<number, bigint>;
  readonly seq: number;
  /** Most rows of one file: what is staged and retried as a whole. */
  readonly fileRows: number;
  readonly folder: string;
}

export interface EventFile extends WrittenFile {
  readonly eventAtMin: Instant;
  readonly eventAtMax: Instant;
}

/** Writes the new events of one bucket in order of time, a file per month at least. */
export async function writeEvents(session: EngineSession, request: EventWriting): Promise<readonly EventFile[]> {
  const exceptions =
    request.exceptions.length === 0
      ? { joins: "", where: "true", id: "NULL::VARCHAR" }
      : {
          joins: `LEFT JOIN ${readParquet(request.exceptions)} x ON x.ord = e.ord`,
          where: "x.ord IS NULL OR x.id IS NOT NULL",
          id: "x.id",
        };
  await session.run(`CREATE OR REPLACE TEMP VIEW ws_event_view AS
    SELECT e.* EXCLUDE (metric_name, integration_name), m.*, ${exceptions.id} AS other_id, a.accepted_at AS ingested_at
    FROM ${readParquet(request.events)} e JOIN ${acceptedAt(request.acceptedAtUs)} ON a.seq = ${seqOfOrdinal("e.ord")}
      JOIN ${readParquet([request.metricFile])} m ON m.metric_name = e.metric_name
        AND m.integration_name IS NOT DISTINCT FROM e.integration_name
      ${exceptions.joins} WHERE ${exceptions.where}`);
  const found = await cuts(session, request.fileRows);
  const isOften = found.length > scansMax;
  if (isOften) await session.run("CREATE OR REPLACE TEMP TABLE ws_event AS SELECT * FROM ws_event_view");
  const files: EventFile[] = [];
  for (const cut of found) {
    const path = await scratchFile(request.folder, `events-${files.length}.parquet`);
    const written = await writeFile(session, cutRows(isOften ? "ws_event" : "ws_event_view", cut, request.seq), path);
    files.push({ ...written, ...rangeOf(cut) });
  }
  if (isOften) await session.run("DROP TABLE ws_event");
  return files;
}

/** For more files than this, a bucket is read into a table first; for fewer, reading it again costs less. */
const scansMax = 4;

/** A run of events within one month: from `minUs` to `maxUs`, both inclusive. */
interface Cut {
  readonly minUs: bigint;
  readonly maxUs: bigint;
}

/** Months, cut again at full hours where they hold too many rows. Depends on the rows alone, so a repeat cuts alike. */
async function cuts(session: EngineSession, fileRows: number): Promise<readonly Cut[]> {
  const rows = await session.rows(`
    SELECT epoch_us(min(low)) AS low, epoch_us(max(high)) AS high FROM (
      SELECT date_trunc('month', low) AS month, low, high,
        ((sum(n) OVER (PARTITION BY date_trunc('month', low) ORDER BY low) - n) // ${fileRows}) AS piece
      FROM (SELECT min(event_at) AS low, max(event_at) AS high, count(*) AS n FROM ws_event_view GROUP BY date_trunc('hour', event_at)))
    GROUP BY month, piece ORDER BY low`);
  return rows.map((row) => ({ minUs: BigInt(String(row["low"])), maxUs: BigInt(String(row["high"])) }));
}

/** Ids are spelled after the sort, which has less to carry without them. */
function cutRows(source: string, cut: Cut, seq: number): string {
  const values: Readonly<Record<string, string>> = {
    id: "coalesce(other_id, format('{:016x}{:016x}', hi, lo))",
    _seq: `${seq}::BIGINT`,
  };
  const columns = warehouseTables.event
    .filter(({ name }) => name !== "_synced_at")
    .map(({ name }) => `${values[name] ?? `"${name}"`} AS "${name}"`);
  return `SELECT ${columns.join(", ")} FROM (SELECT * FROM ${source}
    WHERE event_at BETWEEN make_timestamp(${cut.minUs}) AND make_timestamp(${cut.maxUs}) ORDER BY event_at, ord)`;
}

/** Whole milliseconds around the range. */
function rangeOf(cut: Cut): { readonly eventAtMin: Instant; readonly eventAtMax: Instant } {
  const up = cut.maxUs % 1000n > 0n ? 1n : 0n;
  return {
    eventAtMin: Number(cut.minUs / 1000n) as Instant,
    eventAtMax: Number(cut.maxUs / 1000n + up) as Instant,
  };
}
