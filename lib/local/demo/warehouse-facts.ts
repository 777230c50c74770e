import pg from "pg";
import type { Engine } from "../../engine/engine.ts";
import { sqlText } from "../../engine/engine.ts";
import type { LocalPostgres } from "../postgres-server.ts";

/** What a person with SQL finds in the warehouse. Decimals as text. */
export interface WarehouseFacts {
  readonly profiles: number;
  readonly distinctProfiles: number;
  readonly moved: number;
  readonly events: number;
  readonly distinctEvents: number;
  readonly eventsOfNobody: number;
  readonly valueSum: string;
  readonly metrics: number;
  readonly receipts: number;
  readonly receiptRows: number;
}

/** The same words for both engines. */
const factsSql = (prefix: string) => `
  SELECT
    (SELECT count(*) FROM ${prefix}klaviyo_profile) AS profiles,
    (SELECT count(DISTINCT email) FROM ${prefix}klaviyo_profile) AS distinct_profiles,
    (SELECT count(*) FROM ${prefix}klaviyo_profile WHERE (location->>'city') = 'Atlantis') AS moved,
    (SELECT count(*) FROM ${prefix}klaviyo_event) AS events,
    (SELECT count(DISTINCT unique_id) FROM ${prefix}klaviyo_event) AS distinct_events,
    (SELECT count(*) FROM ${prefix}klaviyo_event e
      WHERE NOT EXISTS (SELECT 1 FROM ${prefix}klaviyo_profile p WHERE p.id = e.profile_id)) AS events_of_nobody,
    (SELECT coalesce(sum(value), 0)::decimal(18, 2) FROM ${prefix}klaviyo_event) AS value_sum,
    (SELECT count(DISTINCT name) FROM ${prefix}klaviyo_metric) AS metrics,
    (SELECT count(*) FROM ${prefix}klaviyo_sync_receipt WHERE sync_id <> 'lease') AS receipts,
    (SELECT coalesce(sum(rows_staged), 0) FROM ${prefix}klaviyo_sync_receipt WHERE sync_id <> 'lease') AS receipt_rows`;

/** Asks a DuckDB file, opened to read only, past all of our own code. */
export async function factsOfDuckdb(engine: Engine, path: string, signal: AbortSignal): Promise<WarehouseFacts> {
  await using session = await engine.open(signal);
  await session.run(`ATTACH ${sqlText(path)} AS warehouse (READ_ONLY)`);
  try {
    const [row = {}] = await session.json(factsSql("warehouse."));
    return factsOf(row);
  } finally {
    await session.run("DETACH warehouse");
  }
}

/** Asks a PostgreSQL database by a plain client. */
export async function factsOfPostgres(server: LocalPostgres): Promise<WarehouseFacts> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(factsSql("public."));
    return factsOf(rows[0] ?? {});
  } finally {
    await client.end();
  }
}

function factsOf(row: Readonly<Record<string, unknown>>): WarehouseFacts {
  const number = (name: string) => Number(row[name]);
  return {
    profiles: number("profiles"),
    distinctProfiles: number("distinct_profiles"),
    moved: number("moved"),
    events: number("events"),
    distinctEvents: number("distinct_events"),
    eventsOfNobody: number("events_of_nobody"),
    valueSum: String(row["value_sum"]),
    metrics: number("metrics"),
    receipts: number("receipts"),
    receiptRows: number("receipt_rows"),
  };
}
