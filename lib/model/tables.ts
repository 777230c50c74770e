/** Logical types; each destination's dialect spells them. `decimal` is decimal(38,9), instants are in UTC to the microsecond. */
export type ColumnType = "text" | "json" | "instant" | "int64" | "decimal" | "bool";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
}

export type TableName = "profile" | "event" | "metric" | "sync_receipt";

/** The columns of each warehouse table, in order. `!` marks those never null. */
export const warehouseTables: Record<TableName, readonly Column[]> = {
  profile: columns(
    "id text!, email text, phone_number text, external_id text, first_name text, last_name text, organization text, title text, image text, locale text, location json, properties json, subscriptions json, created_at instant!, updated_at instant!, last_event_at instant, _seq int64!, _deleted bool!, _synced_at instant!",
  ),
  event: columns(
    "id text!, unique_id text, profile_id text!, metric_id text!, metric_name text!, integration_id text, integration_name text, event_at instant!, value decimal, value_currency text, event_properties json, ingested_at instant!, _seq int64!, _synced_at instant!",
  ),
  metric: columns(
    "id text!, name text!, integration_id text, integration_name text, integration_category text, created_at instant!, updated_at instant!, _seq int64!, _synced_at instant!",
  ),
  sync_receipt: columns(
    "log_id text!, target_table text!, sync_id text!, plan_id text!, first_file int64!, last_file int64!, from_seq int64!, to_seq int64!, rows_staged int64!, rows_inserted int64, rows_updated int64, rows_quarantined int64, fence int64!, committed_at instant!",
  ),
};

/** The default prefix of table names: `klaviyo_profile`, `klaviyo_event`, … */
export const defaultTablePrefix = "klaviyo_";

function columns(text: string): readonly Column[] {
  return text.split(", ").map((word) => {
    const [name = "", type = ""] = word.split(" ");
    return { name, type: type.replace("!", "") as ColumnType, required: type.endsWith("!") };
  });
}
