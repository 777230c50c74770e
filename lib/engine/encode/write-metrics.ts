import type { MetricRow } from "../../model/metric.ts";
import { isoOf } from "../../model/time.ts";
import type { EngineSession } from "../engine.ts";
import { sqlText } from "../engine.ts";

/** Metrics per INSERT: keeps a statement small. */
const chunkRows = 500;

/** Writes metrics as a Parquet file with the columns of the metric table less `_synced_at`. Metrics are few: hundreds, not millions. */
export async function writeMetrics(
  session: EngineSession,
  metrics: readonly MetricRow[],
  target: string,
): Promise<void> {
  await session.run(
    "CREATE OR REPLACE TEMP TABLE metric_rows (id VARCHAR, name VARCHAR, integration_id VARCHAR, integration_name VARCHAR, integration_category VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP, _seq BIGINT)",
  );
  for (let start = 0; start < metrics.length; start += chunkRows) {
    const values = metrics.slice(start, start + chunkRows).map(tuple);
    await session.run(`INSERT INTO metric_rows VALUES ${values.join(", ")}`);
  }
  await session.run(`COPY metric_rows TO ${sqlText(target)} (FORMAT parquet)`);
  await session.run("DROP TABLE metric_rows");
}

function tuple(metric: MetricRow): string {
  const text = (value: string | null) => (value === null ? "NULL" : sqlText(value));
  const instant = (at: MetricRow["createdAt"]) => `TIMESTAMP '${isoOf(at).replace("T", " ").replace("Z", "")}'`;
  const texts = [metric.id, metric.name, metric.integrationId, metric.integrationName, metric.integrationCategory];
  return `(${texts.map(text).join(", ")}, ${instant(metric.createdAt)}, ${instant(metric.updatedAt)}, ${metric.seq})`;
}
