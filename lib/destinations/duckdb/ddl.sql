-- Nothing needs to be run: the check makes these tables. Instants are in UTC.

CREATE TABLE IF NOT EXISTS "klaviyo_profile" (
  "id" VARCHAR NOT NULL,
  "email" VARCHAR,
  "phone_number" VARCHAR,
  "external_id" VARCHAR,
  "first_name" VARCHAR,
  "last_name" VARCHAR,
  "organization" VARCHAR,
  "title" VARCHAR,
  "image" VARCHAR,
  "locale" VARCHAR,
  "location" JSON,
  "properties" JSON,
  "subscriptions" JSON,
  "created_at" TIMESTAMP NOT NULL,
  "updated_at" TIMESTAMP NOT NULL,
  "last_event_at" TIMESTAMP,
  "_seq" BIGINT NOT NULL,
  "_deleted" BOOLEAN NOT NULL,
  "_synced_at" TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS "klaviyo_event" (
  "id" VARCHAR NOT NULL,
  "unique_id" VARCHAR,
  "profile_id" VARCHAR NOT NULL,
  "metric_id" VARCHAR NOT NULL,
  "metric_name" VARCHAR NOT NULL,
  "integration_id" VARCHAR,
  "integration_name" VARCHAR,
  "event_at" TIMESTAMP NOT NULL,
  "value" DECIMAL(38,9),
  "value_currency" VARCHAR,
  "event_properties" JSON,
  "ingested_at" TIMESTAMP NOT NULL,
  "_seq" BIGINT NOT NULL,
  "_synced_at" TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS "klaviyo_metric" (
  "id" VARCHAR NOT NULL,
  "name" VARCHAR NOT NULL,
  "integration_id" VARCHAR,
  "integration_name" VARCHAR,
  "integration_category" VARCHAR,
  "created_at" TIMESTAMP NOT NULL,
  "updated_at" TIMESTAMP NOT NULL,
  "_seq" BIGINT NOT NULL,
  "_synced_at" TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS "klaviyo_sync_receipt" (
  "log_id" VARCHAR NOT NULL,
  "target_table" VARCHAR NOT NULL,
  "sync_id" VARCHAR NOT NULL,
  "plan_id" VARCHAR NOT NULL,
  "first_file" BIGINT NOT NULL,
  "last_file" BIGINT NOT NULL,
  "from_seq" BIGINT NOT NULL,
  "to_seq" BIGINT NOT NULL,
  "rows_staged" BIGINT NOT NULL,
  "rows_inserted" BIGINT,
  "rows_updated" BIGINT,
  "rows_quarantined" BIGINT,
  "fence" BIGINT NOT NULL,
  "committed_at" TIMESTAMP NOT NULL,
  PRIMARY KEY ("target_table", "sync_id", "plan_id", "to_seq", "last_file")
);

