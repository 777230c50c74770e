/**
 * What Redshift has and PostgreSQL has not, in a schema of its own ahead of the engine's. Run once in each database.
 * Sources: SVV_COLUMNS https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html, SYS_LOAD_ERROR_DETAIL
 * https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html, SUPER https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
 */
export const catalogueSql = `
CREATE SCHEMA redshift;
GRANT USAGE ON SCHEMA redshift TO PUBLIC;

CREATE FUNCTION redshift.super_fits(given jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length(given::text) <= 65535 THEN true
    ELSE octet_length(given::text) <= 16777216 AND NOT EXISTS (
      SELECT 1 FROM jsonb_path_query(given, 'strict $.**') AS v
      WHERE jsonb_typeof(v) = 'string' AND octet_length(v #>> '{}') > 65535) END $$;
CREATE DOMAIN redshift.super AS jsonb CHECK (redshift.super_fits(VALUE));
CREATE FUNCTION redshift.json_parse(given text) RETURNS redshift.super LANGUAGE sql IMMUTABLE AS 'SELECT given::jsonb::redshift.super';
CREATE FUNCTION redshift.json_serialize(given redshift.super) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT given::text';

CREATE FUNCTION redshift.getdate() RETURNS timestamp LANGUAGE sql VOLATILE AS $$
  SELECT date_trunc('second', clock_timestamp() AT TIME ZONE current_setting('TimeZone')) $$;
CREATE FUNCTION redshift.datediff(unit text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN unit IN ('ms', 'millisecond') THEN floor(extract(epoch FROM b) * 1000) - floor(extract(epoch FROM a) * 1000)
    ELSE floor(extract(epoch FROM b)) - floor(extract(epoch FROM a)) END::bigint $$;
CREATE FUNCTION redshift.version() RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.99999 (stand-in)' $$;

CREATE VIEW redshift.svv_columns AS
  SELECT n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, a.attnum::int AS ordinal_position,
    pg_get_expr(d.adbin, d.adrelid) AS column_default, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
    CASE WHEN t.typname LIKE 'varchar%' THEN 'character varying' WHEN t.typname = 'super' THEN 'super'
      ELSE format_type(a.atttypid, NULL) END AS data_type,
    CASE WHEN t.typname LIKE 'varchar\\_%' THEN substr(t.typname, 9)::int END AS character_maximum_length,
    CASE WHEN t.typname = 'numeric' THEN ((a.atttypmod - 4) >> 16) & 65535 END AS numeric_precision,
    CASE WHEN t.typname = 'numeric' THEN (a.atttypmod - 4) & 65535 END AS numeric_scale
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v');
GRANT SELECT ON redshift.svv_columns TO PUBLIC;

CREATE TABLE redshift.load_errors (user_name text, query_id bigint, start_time timestamp, file_name text, line_number bigint,
  column_name text, column_type text, error_code int, error_message text);
CREATE VIEW redshift.sys_load_error_detail AS
  SELECT query_id, start_time, file_name, line_number, column_name, column_type, error_code, error_message
  FROM redshift.load_errors WHERE user_name = current_user;
GRANT SELECT ON redshift.sys_load_error_detail TO PUBLIC;

-- The first column of a line that cannot be loaded, and why; null where all can.
CREATE FUNCTION redshift.refusal(body text, names text[], expressions text[], required boolean[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE is_null boolean; more text;
BEGIN
  IF octet_length(body) > 4194304 THEN RETURN ARRAY['', 'RS000', 'row']; END IF;
  FOR i IN 1 .. array_length(names, 1) LOOP
    BEGIN
      EXECUTE 'SELECT (' || expressions[i] || ') IS NULL FROM (SELECT $1::jsonb AS j) AS l' INTO is_null USING body;
      IF is_null AND required[i] THEN RETURN ARRAY[names[i], '23502', '']; END IF;
    EXCEPTION WHEN others THEN
      GET STACKED DIAGNOSTICS more = PG_EXCEPTION_DETAIL;
      RETURN ARRAY[names[i], SQLSTATE, SQLERRM || ' ' || more];
    END;
  END LOOP;
  RETURN NULL;
END $$;
`;

/** The domain that counts a VARCHAR's length in bytes, as Redshift does. */
export function varcharDomain(length: number): string {
  return `DO $$ BEGIN CREATE DOMAIN redshift.varchar_${length} AS text CHECK (octet_length(VALUE) <= ${length}); EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
}
