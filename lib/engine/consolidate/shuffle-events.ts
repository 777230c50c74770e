import { join } from "node:path";
import { type EngineSession, sqlText } from "../engine.ts";
import { type RowFile, readParquet, selectRows } from "./rows.ts";
import { joinOwners, type RowOwners, strongestIdentifier } from "./shuffle-patches.ts";
import { type PartFile, writeParts } from "./written-files.ts";

export interface ShuffledEvents {
  /** The rows by bucket of time, with their profile, and the halves of their id's number (`hi`, `lo`). */
  readonly events: readonly PartFile[];
  /** Their ids (`hi`, `lo`, `is_keyed`, `ord`, `pnum`, `event_at`) by first hex digit of the id. */
  readonly ids: readonly PartFile[];
}

export interface EventShuffle {
  readonly accountId: string;
  readonly rows: readonly RowFile[];
  readonly owners: RowOwners;
  readonly metricFile: string;
  readonly bucketFile: string;
  readonly folder: string;
}

/** Gives the events of some intake files their profile, metric and id, and sends them to their buckets of time. */
export async function shuffleEvents(session: EngineSession, request: EventShuffle): Promise<ShuffledEvents> {
  const { pnum, id, joins } = joinOwners(request.owners);
  const columns = `${strongestIdentifier} AS skey, external_id, email, phone_number, unique_id, metric_name,
    integration_name, event_at, "value", value_currency, event_properties`;
  const owned = `SELECT r.*, ${pnum} AS pnum, ${id} AS profile_id, m.metric_id, b.part
    FROM (${selectRows(request.rows, columns)}) r ${joins}
    JOIN ${readParquet([request.metricFile])} m ON m.metric_name = r.metric_name
      AND m.integration_name IS NOT DISTINCT FROM r.integration_name
    JOIN ${readParquet([request.bucketFile])} b ON b.day = r.event_at::DATE`;
  const events = await writeParts(
    session,
    `SELECT (num >> 64)::UBIGINT AS hi, (num & ${2n ** 64n - 1n}::UHUGEINT)::UBIGINT AS lo, ord, pnum, unique_id,
       profile_id, metric_name, integration_name, event_at, "value", value_currency, event_properties, part
     FROM (SELECT *, md5_number(${identityText(request.accountId)}) AS num FROM (${owned}))`,
    join(request.folder, "events"),
  );
  const ids = await writeParts(
    session,
    `SELECT hi, lo, unique_id IS NOT NULL AS is_keyed, ord, pnum, event_at, (hi >> 60)::INTEGER AS part FROM ${readParquet(events.map((file) => file.path))}`,
    join(request.folder, "ids"),
  );
  return { events, ids };
}

/**
 * The text whose MD5, as the number that `md5_number` makes of it, is an event's id in hex digits. With a `unique_id`:
 * account, profile, metric and that. Without one: everything the row says, after a mask of what it leaves out (NUL parts the fields; no accepted text holds one).
 */
function identityText(accountId: string): string {
  const account = sqlText(accountId);
  const optional = [
    "external_id",
    "email",
    "phone_number",
    "integration_name",
    '"value"',
    "value_currency",
    "event_properties",
  ];
  const mask = optional.map((column, bit) => `((${column} IS NULL)::INTEGER << ${bit})`).join(" + ");
  // A 64-bit decimal prints four times as fast as a 128-bit one, and to the same text.
  const value = `CASE WHEN abs("value") < 100000000 THEN "value"::DECIMAL(18,9)::VARCHAR ELSE "value"::VARCHAR END`;
  return `CASE WHEN unique_id IS NOT NULL THEN concat_ws(chr(0), 'keyed', ${account}, profile_id, metric_id, unique_id)
    ELSE concat_ws(chr(0), 'row', ${account}, ${mask}, external_id, email, phone_number, metric_name, integration_name,
      epoch_us(event_at), ${value}, value_currency, event_properties) END`;
}
