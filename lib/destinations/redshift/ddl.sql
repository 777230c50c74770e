-- Run once as an administrator, connected to the database. Running it again changes nothing.

-- 1. The user. Give it a password of its own afterwards:  ALTER USER "warehouse_sync" PASSWORD '…';

CREATE SCHEMA IF NOT EXISTS "public";

CREATE OR REPLACE PROCEDURE "public"."_ws_setup"() AS $_ws_setup$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_user WHERE usename = 'warehouse_sync') THEN
    EXECUTE 'CREATE USER "warehouse_sync" PASSWORD DISABLE';
  END IF;
END;
$_ws_setup$ LANGUAGE plpgsql;
CALL "public"."_ws_setup"();
DROP PROCEDURE "public"."_ws_setup"();

-- 2. The tables. Instants are kept in UTC.

GRANT USAGE ON SCHEMA "public" TO "warehouse_sync";

CREATE TABLE IF NOT EXISTS "public"."klaviyo_profile" (
  "id" character varying(65535) NOT NULL,
  "email" character varying(65535),
  "phone_number" character varying(65535),
  "external_id" character varying(65535),
  "first_name" character varying(65535),
  "last_name" character varying(65535),
  "organization" character varying(65535),
  "title" character varying(65535),
  "image" character varying(65535),
  "locale" character varying(65535),
  "location" super,
  "properties" super,
  "subscriptions" super,
  "created_at" timestamp without time zone NOT NULL,
  "updated_at" timestamp without time zone NOT NULL,
  "last_event_at" timestamp without time zone,
  "_seq" bigint NOT NULL,
  "_deleted" boolean NOT NULL,
  "_synced_at" timestamp without time zone NOT NULL
) DISTKEY ("id");

CREATE TABLE IF NOT EXISTS "public"."klaviyo_event" (
  "id" character varying(65535) NOT NULL,
  "unique_id" character varying(65535),
  "profile_id" character varying(65535) NOT NULL,
  "metric_id" character varying(65535) NOT NULL,
  "metric_name" character varying(65535) NOT NULL,
  "integration_id" character varying(65535),
  "integration_name" character varying(65535),
  "event_at" timestamp without time zone NOT NULL,
  "value" numeric(38,9),
  "value_currency" character varying(65535),
  "event_properties" super,
  "ingested_at" timestamp without time zone NOT NULL,
  "_seq" bigint NOT NULL,
  "_synced_at" timestamp without time zone NOT NULL
) DISTKEY ("id") SORTKEY ("event_at");

CREATE TABLE IF NOT EXISTS "public"."klaviyo_metric" (
  "id" character varying(65535) NOT NULL,
  "name" character varying(65535) NOT NULL,
  "integration_id" character varying(65535),
  "integration_name" character varying(65535),
  "integration_category" character varying(65535),
  "created_at" timestamp without time zone NOT NULL,
  "updated_at" timestamp without time zone NOT NULL,
  "_seq" bigint NOT NULL,
  "_synced_at" timestamp without time zone NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS "public"."klaviyo_sync_receipt" (
  "log_id" character varying(65535) NOT NULL,
  "target_table" character varying(65535) NOT NULL,
  "sync_id" character varying(65535) NOT NULL,
  "plan_id" character varying(65535) NOT NULL,
  "first_file" bigint NOT NULL,
  "last_file" bigint NOT NULL,
  "from_seq" bigint NOT NULL,
  "to_seq" bigint NOT NULL,
  "rows_staged" bigint NOT NULL,
  "rows_inserted" bigint,
  "rows_updated" bigint,
  "rows_quarantined" bigint,
  "fence" bigint NOT NULL,
  "committed_at" timestamp without time zone NOT NULL
) DISTSTYLE ALL;

GRANT SELECT, INSERT, UPDATE ON "public"."klaviyo_profile", "public"."klaviyo_event", "public"."klaviyo_metric", "public"."klaviyo_sync_receipt" TO "warehouse_sync";

-- 3. Each batch passes through temporary tables.

-- GRANT TEMP ON DATABASE <database> TO "warehouse_sync";

-- 4. The way in: make the cluster or workgroup publicly accessible, and let our egress addresses (GET /egress-addresses)
--    in by its security group, on its port. We log in over TLS only.

