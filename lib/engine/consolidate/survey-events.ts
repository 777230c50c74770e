import { type EngineSession, sqlText } from "../engine.ts";
import { type RowFile, selectRows, seqOfOrdinal } from "./rows.ts";
import { scratchFile, type WrittenFile, writeFile } from "./written-files.ts";

export interface SurveyRequest {
  readonly accountId: string;
  readonly rows: readonly RowFile[];
  /** Events that are sorted together: bounds memory. A single day with more is sorted by spilling. */
  readonly bucketRows: number;
  readonly folder: string;
}

/** A metric that a round's events name, and the entry that named it first. */
export interface SeenMetric {
  readonly id: string;
  readonly name: string;
  readonly integrationId: string | null;
  readonly integrationName: string | null;
  readonly seq: number;
}

export interface EventSurvey {
  /** `metric_name`, `integration_name` → `metric_id`, `integration_id`. */
  readonly metricFile: WrittenFile;
  readonly metrics: readonly SeenMetric[];
  /** `day` → `part`: runs of days that are sorted together. */
  readonly bucketFile: WrittenFile;
  readonly buckets: readonly number[];
}

/** Reads what must be known of all events of a round before any is written: their metrics, and how they spread over time. */
export async function surveyEvents(session: EngineSession, request: SurveyRequest): Promise<EventSurvey> {
  const account = sqlText(request.accountId);
  const metricFile = await writeFile(
    session,
    `SELECT metric_name, integration_name, first_ord,
       md5(concat_ws(chr(0), 'metric', ${account}, integration_name, metric_name)) AS metric_id,
       CASE WHEN integration_name IS NOT NULL THEN md5(concat_ws(chr(0), 'integration', ${account}, integration_name)) END AS integration_id
     FROM (SELECT metric_name, integration_name, min(ord) AS first_ord
       FROM (${selectRows(request.rows, "metric_name, integration_name")}) GROUP BY ALL)`,
    await scratchFile(request.folder, "metrics.parquet"),
  );
  const rows = await session.json(
    `SELECT metric_id, metric_name, integration_id, integration_name, ${seqOfOrdinal("first_ord")} AS seq
     FROM read_parquet(${sqlText(metricFile.path)}) ORDER BY first_ord, metric_id`,
  );
  const bucketFile = await writeFile(
    session,
    `SELECT day, ((sum(n) OVER (ORDER BY day) - n) // ${request.bucketRows})::INTEGER AS part
     FROM (SELECT event_at::DATE AS day, count(*) AS n FROM (${selectRows(request.rows, "event_at")}) GROUP BY day)`,
    await scratchFile(request.folder, "buckets.parquet"),
  );
  const buckets = await session.rows(
    `SELECT DISTINCT part FROM read_parquet(${sqlText(bucketFile.path)}) ORDER BY part`,
  );
  return {
    metricFile,
    bucketFile,
    buckets: buckets.map((row) => Number(row["part"])),
    metrics: rows.map((row) => ({
      id: String(row["metric_id"]),
      name: String(row["metric_name"]),
      integrationId: textOrNull(row["integration_id"]),
      integrationName: textOrNull(row["integration_name"]),
      seq: Number(row["seq"]),
    })),
  };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
