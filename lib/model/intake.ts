/**
 * Columns of intake Parquet files, in order: what an import writes and a consolidation reads.
 *
 * Text identifiers are normalised already (e-mail lower-cased, phone E.164), null where the row has none. JSON columns
 * hold RFC 7396 merge patches as text: null leaves the value, a member `null` clears that member. `cleared` names the
 * plain columns that an explicit null clears, null where there are none.
 *
 * An entry with events may carry profile patches too (columns `Person//…`): its profile files then hold exactly one row
 * for each event row, in the same order, so that both have the same row number.
 */
export const profileIntakeColumns = [
  ["external_id", "VARCHAR"],
  ["email", "VARCHAR"],
  ["phone_number", "VARCHAR"],
  ["first_name", "VARCHAR"],
  ["last_name", "VARCHAR"],
  ["organization", "VARCHAR"],
  ["title", "VARCHAR"],
  ["image", "VARCHAR"],
  ["locale", "VARCHAR"],
  ["location", "VARCHAR"],
  ["properties", "VARCHAR"],
  ["subscriptions", "VARCHAR"],
  ["cleared", "VARCHAR[]"],
] as const;

export const eventIntakeColumns = [
  ["external_id", "VARCHAR"],
  ["email", "VARCHAR"],
  ["phone_number", "VARCHAR"],
  ["unique_id", "VARCHAR"],
  ["metric_name", "VARCHAR"],
  ["integration_name", "VARCHAR"],
  ["event_at", "TIMESTAMP"],
  ["value", "DECIMAL(38,9)"],
  ["value_currency", "VARCHAR"],
  ["event_properties", "VARCHAR"],
] as const;

/** Strongest first: a row belongs to the holder of its strongest known identifier. */
export const identifierKinds = ["external_id", "email", "phone_number"] as const;

/** Plain text columns of a profile that are not identifiers. */
export const profileTextColumns = ["first_name", "last_name", "organization", "title", "image", "locale"] as const;

/** JSON columns of a profile, merged by RFC 7396. */
export const profileJsonColumns = ["location", "properties", "subscriptions"] as const;
