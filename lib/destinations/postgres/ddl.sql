-- Run once as an administrator, connected to the database. Running it again changes nothing.

-- 1. The user. Give it a password of its own afterwards:  \password <user>

DO $setup$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'warehouse_sync') THEN
    CREATE ROLE "warehouse_sync" LOGIN;
  END IF;
END $setup$;

-- 2. The tables. Instants are kept in UTC.

CREATE SCHEMA IF NOT EXISTS "public";

GRANT USAGE ON SCHEMA "public" TO "warehouse_sync";

CREATE TABLE IF NOT EXISTS "public"."klaviyo_profile" (
  "id" text NOT NULL,
  "email" text,
  "phone_number" text,
  "external_id" text,
  "first_name" text,
  "last_name" text,
  "organization" text,
  "title" text,
  "image" text,
  "locale" text,
  "location" jsonb,
  "properties" jsonb,
  "subscriptions" jsonb,
  "created_at" timestamp with time zone NOT NULL,
  "updated_at" timestamp with time zone NOT NULL,
  "last_event_at" timestamp with time zone,
  "_seq" bigint NOT NULL,
  "_deleted" boolean NOT NULL,
  "_synced_at" timestamp with time zone NOT NULL,
  PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "public"."klaviyo_event" (
  "id" text NOT NULL,
  "unique_id" text,
  "profile_id" text NOT NULL,
  "metric_id" text NOT NULL,
  "metric_name" text NOT NULL,
  "integration_id" text,
  "integration_name" text,
  "event_at" timestamp with time zone NOT NULL,
  "value" numeric(38,9),
  "value_currency" text,
  "event_properties" jsonb,
  "ingested_at" timestamp with time zone NOT NULL,
  "_seq" bigint NOT NULL,
  "_synced_at" timestamp with time zone NOT NULL,
  PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "public"."klaviyo_metric" (
  "id" text NOT NULL,
  "name" text NOT NULL,
  "integration_id" text,
  "integration_name" text,
  "integration_category" text,
  "created_at" timestamp with time zone NOT NULL,
  "updated_at" timestamp with time zone NOT NULL,
  "_seq" bigint NOT NULL,
  "_synced_at" timestamp with time zone NOT NULL,
  PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "public"."klaviyo_sync_receipt" (
  "log_id" text NOT NULL,
  "target_table" text NOT NULL,
  "sync_id" text NOT NULL,
  "plan_id" text NOT NULL,
  "first_file" bigint NOT NULL,
  "last_file" bigint NOT NULL,
  "from_seq" bigint NOT NULL,
  "to_seq" bigint NOT NULL,
  "rows_staged" bigint NOT NULL,
  "rows_inserted" bigint,
  "rows_updated" bigint,
  "rows_quarantined" bigint,
  "fence" bigint NOT NULL,
  "committed_at" timestamp with time zone NOT NULL,
  PRIMARY KEY ("target_table", "sync_id", "plan_id", "to_seq", "last_file")
);

GRANT SELECT, INSERT, UPDATE ON "public"."klaviyo_profile", "public"."klaviyo_event", "public"."klaviyo_metric", "public"."klaviyo_sync_receipt" TO "warehouse_sync";

-- 3. A schema where the user may create tables: each batch lies there until it is merged.

CREATE SCHEMA IF NOT EXISTS "klaviyo_staging";

GRANT USAGE, CREATE ON SCHEMA "klaviyo_staging" TO "warehouse_sync";

