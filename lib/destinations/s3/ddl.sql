-- For the administrator of the AWS account that owns the bucket. Policies are JSON, between /* and */.

-- 1. The bucket your-bucket in us-east-1. Leave it private, and versioned if it is; keep lifecycle rules away from it,
--    but for one that aborts incomplete uploads after 7 days.

-- 2. What the IAM user or role may do. With a KMS key of your own on the bucket, also kms:GenerateDataKey
--    and kms:Decrypt on that.

/*
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Add",
      "Effect": "Allow",
      "Action": [
        "s3:PutObject",
        "s3:AbortMultipartUpload"
      ],
      "Resource": [
        "arn:aws:s3:::your-bucket/klaviyo_profile/*",
        "arn:aws:s3:::your-bucket/klaviyo_event/*",
        "arn:aws:s3:::your-bucket/klaviyo_metric/*",
        "arn:aws:s3:::your-bucket/klaviyo_sync_receipt/*",
        "arn:aws:s3:::your-bucket/klaviyo_staging/*"
      ]
    },
    {
      "Sid": "ReadBack",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject"
      ],
      "Resource": [
        "arn:aws:s3:::your-bucket/klaviyo_sync_receipt/*",
        "arn:aws:s3:::your-bucket/klaviyo_staging/*"
      ]
    },
    {
      "Sid": "RemoveStaged",
      "Effect": "Allow",
      "Action": [
        "s3:DeleteObject"
      ],
      "Resource": [
        "arn:aws:s3:::your-bucket/klaviyo_staging/*"
      ]
    },
    {
      "Sid": "List",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket"
      ],
      "Resource": [
        "arn:aws:s3:::your-bucket"
      ],
      "Condition": {
        "StringLike": {
          "s3:prefix": [
            "klaviyo_sync_receipt/*",
            "klaviyo_staging/*"
          ]
        }
      }
    }
  ]
}
*/

-- 3. With a role: who may take it on.

/*
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "WarehouseSync",
      "Effect": "Allow",
      "Principal": {
        "AWS": "<ARN of the writer's role: your operator knows it>"
      },
      "Action": [
        "sts:AssumeRole"
      ],
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "<external ID: shown once the connection is made>"
        }
      }
    }
  ]
}
*/

-- 3. With keys: make an access key of that user, and give it to us with its secret.

-- 4. Optional, as bucket policy: only by way of our network. Buckets in our region are reached through a VPC endpoint,
--    never from the egress addresses, so a condition on aws:SourceIp would shut us out.

/*
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyThroughOurEndpoint",
      "Effect": "Deny",
      "Principal": {
        "AWS": "<ARN of the user or role that you gave us>"
      },
      "Action": [
        "s3:*"
      ],
      "Resource": [
        "arn:aws:s3:::your-bucket/klaviyo_profile/*",
        "arn:aws:s3:::your-bucket/klaviyo_event/*",
        "arn:aws:s3:::your-bucket/klaviyo_metric/*",
        "arn:aws:s3:::your-bucket/klaviyo_sync_receipt/*",
        "arn:aws:s3:::your-bucket/klaviyo_staging/*"
      ],
      "Condition": {
        "StringNotEquals": {
          "aws:SourceVpce": "<ID of our VPC endpoint: your operator knows it>"
        }
      }
    }
  ]
}
*/

-- 5. Athena, one statement at a time.

CREATE EXTERNAL TABLE IF NOT EXISTS `klaviyo_sync_manifest` (
  `kind` string,
  `log_id` string,
  `target_table` string,
  `sync_id` string,
  `plan_id` string,
  `first_file` bigint,
  `last_file` bigint,
  `from_seq` bigint,
  `to_seq` bigint,
  `rows_staged` bigint,
  `rows_inserted` bigint,
  `rows_updated` bigint,
  `rows_quarantined` bigint,
  `fence` bigint,
  `committed_at` string,
  `synced_at` string,
  `files` array<struct<table_name:string,object_key:string,rows:bigint,bytes:bigint>>
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://your-bucket/klaviyo_sync_receipt/';

CREATE OR REPLACE VIEW "klaviyo_sync_receipt" AS
SELECT "log_id", "target_table", "sync_id", "plan_id", "first_file", "last_file", "from_seq", "to_seq", "rows_staged", "rows_inserted", "rows_updated", "rows_quarantined", "fence", CAST("committed_at" AS timestamp) AS "committed_at" FROM "klaviyo_sync_manifest" WHERE kind = 'batch';

CREATE EXTERNAL TABLE IF NOT EXISTS `klaviyo_profile_files` (
  `id` string,
  `email` string,
  `phone_number` string,
  `external_id` string,
  `first_name` string,
  `last_name` string,
  `organization` string,
  `title` string,
  `image` string,
  `locale` string,
  `location` string,
  `properties` string,
  `subscriptions` string,
  `created_at` timestamp,
  `updated_at` timestamp,
  `last_event_at` timestamp,
  `_seq` bigint,
  `_deleted` boolean
)
STORED AS PARQUET
LOCATION 's3://your-bucket/klaviyo_profile/';

CREATE OR REPLACE VIEW "klaviyo_profile" AS
SELECT "id", "email", "phone_number", "external_id", "first_name", "last_name", "organization", "title", "image", "locale", "location", "properties", "subscriptions", "created_at", "updated_at", "last_event_at", "_seq", "_deleted", CAST(synced_at AS timestamp) AS "_synced_at"
FROM (
  SELECT f.*, m.synced_at, row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" DESC, f."$path") AS pick
  FROM "klaviyo_profile_files" f
  JOIN (
    SELECT 's3://your-bucket/' || u.object_key AS path, b.synced_at
    FROM "klaviyo_sync_manifest" b CROSS JOIN UNNEST(b.files) AS u (table_name, object_key, rows, bytes)
    WHERE b.kind = 'batch' AND u.table_name = 'klaviyo_profile'
  ) m ON f."$path" = m.path
) r
WHERE pick = 1;

CREATE EXTERNAL TABLE IF NOT EXISTS `klaviyo_event_files` (
  `id` string,
  `unique_id` string,
  `profile_id` string,
  `metric_id` string,
  `metric_name` string,
  `integration_id` string,
  `integration_name` string,
  `event_at` timestamp,
  `value` decimal(38,9),
  `value_currency` string,
  `event_properties` string,
  `ingested_at` timestamp,
  `_seq` bigint
)
STORED AS PARQUET
LOCATION 's3://your-bucket/klaviyo_event/';

CREATE OR REPLACE VIEW "klaviyo_event" AS
SELECT "id", "unique_id", "profile_id", "metric_id", "metric_name", "integration_id", "integration_name", "event_at", "value", "value_currency", "event_properties", "ingested_at", "_seq", CAST(synced_at AS timestamp) AS "_synced_at"
FROM (
  SELECT f.*, m.synced_at, row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" ASC, f."$path") AS pick
  FROM "klaviyo_event_files" f
  JOIN (
    SELECT 's3://your-bucket/' || u.object_key AS path, b.synced_at
    FROM "klaviyo_sync_manifest" b CROSS JOIN UNNEST(b.files) AS u (table_name, object_key, rows, bytes)
    WHERE b.kind = 'batch' AND u.table_name = 'klaviyo_event'
  ) m ON f."$path" = m.path
) r
WHERE pick = 1;

CREATE EXTERNAL TABLE IF NOT EXISTS `klaviyo_metric_files` (
  `id` string,
  `name` string,
  `integration_id` string,
  `integration_name` string,
  `integration_category` string,
  `created_at` timestamp,
  `updated_at` timestamp,
  `_seq` bigint
)
STORED AS PARQUET
LOCATION 's3://your-bucket/klaviyo_metric/';

CREATE OR REPLACE VIEW "klaviyo_metric" AS
SELECT "id", "name", "integration_id", "integration_name", "integration_category", "created_at", "updated_at", "_seq", CAST(synced_at AS timestamp) AS "_synced_at"
FROM (
  SELECT f.*, m.synced_at, row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" DESC, f."$path") AS pick
  FROM "klaviyo_metric_files" f
  JOIN (
    SELECT 's3://your-bucket/' || u.object_key AS path, b.synced_at
    FROM "klaviyo_sync_manifest" b CROSS JOIN UNNEST(b.files) AS u (table_name, object_key, rows, bytes)
    WHERE b.kind = 'batch' AND u.table_name = 'klaviyo_metric'
  ) m ON f."$path" = m.path
) r
WHERE pick = 1;

-- 6. DuckDB, in place of 5, with `INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);`

CREATE OR REPLACE VIEW "klaviyo_sync_receipt" AS
SELECT "log_id", "target_table", "sync_id", "plan_id", "first_file", "last_file", "from_seq", "to_seq", "rows_staged", "rows_inserted", "rows_updated", "rows_quarantined", "fence", "committed_at" FROM (SELECT * FROM read_json('s3://your-bucket/klaviyo_sync_receipt/*/*.json', format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864, columns = {kind: 'VARCHAR', number: 'BIGINT', log_id: 'VARCHAR', target_table: 'VARCHAR', sync_id: 'VARCHAR', plan_id: 'VARCHAR', first_file: 'BIGINT', last_file: 'BIGINT', from_seq: 'BIGINT', to_seq: 'BIGINT', rows_staged: 'BIGINT', rows_inserted: 'BIGINT', rows_updated: 'BIGINT', rows_quarantined: 'BIGINT', fence: 'BIGINT', committed_at: 'TIMESTAMP', synced_at: 'TIMESTAMP', files: 'STRUCT(table_name VARCHAR, object_key VARCHAR, rows BIGINT, bytes BIGINT)[]'}) WHERE kind = 'batch');

CREATE OR REPLACE VIEW "klaviyo_profile" AS
SELECT CAST(f."id" AS VARCHAR) AS "id", CAST(f."email" AS VARCHAR) AS "email", CAST(f."phone_number" AS VARCHAR) AS "phone_number", CAST(f."external_id" AS VARCHAR) AS "external_id", CAST(f."first_name" AS VARCHAR) AS "first_name", CAST(f."last_name" AS VARCHAR) AS "last_name", CAST(f."organization" AS VARCHAR) AS "organization", CAST(f."title" AS VARCHAR) AS "title", CAST(f."image" AS VARCHAR) AS "image", CAST(f."locale" AS VARCHAR) AS "locale", CAST(f."location" AS JSON) AS "location", CAST(f."properties" AS JSON) AS "properties", CAST(f."subscriptions" AS JSON) AS "subscriptions", CAST(f."created_at" AS TIMESTAMP) AS "created_at", CAST(f."updated_at" AS TIMESTAMP) AS "updated_at", CAST(f."last_event_at" AS TIMESTAMP) AS "last_event_at", CAST(f."_seq" AS BIGINT) AS "_seq", CAST(f."_deleted" AS BOOLEAN) AS "_deleted", m.synced_at AS "_synced_at"
FROM read_parquet('s3://your-bucket/klaviyo_profile/**/*.parquet', filename = true, hive_partitioning = false, union_by_name = true) f
JOIN (
  SELECT 's3://your-bucket/' || file.object_key AS path, synced_at
  FROM (SELECT unnest(files) AS file, synced_at FROM (SELECT * FROM read_json('s3://your-bucket/klaviyo_sync_receipt/*/*.json', format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864, columns = {kind: 'VARCHAR', number: 'BIGINT', log_id: 'VARCHAR', target_table: 'VARCHAR', sync_id: 'VARCHAR', plan_id: 'VARCHAR', first_file: 'BIGINT', last_file: 'BIGINT', from_seq: 'BIGINT', to_seq: 'BIGINT', rows_staged: 'BIGINT', rows_inserted: 'BIGINT', rows_updated: 'BIGINT', rows_quarantined: 'BIGINT', fence: 'BIGINT', committed_at: 'TIMESTAMP', synced_at: 'TIMESTAMP', files: 'STRUCT(table_name VARCHAR, object_key VARCHAR, rows BIGINT, bytes BIGINT)[]'}) WHERE kind = 'batch'))
  WHERE file.table_name = 'klaviyo_profile'
) m ON f.filename = m.path
QUALIFY row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" DESC, f.filename) = 1;

CREATE OR REPLACE VIEW "klaviyo_event" AS
SELECT CAST(f."id" AS VARCHAR) AS "id", CAST(f."unique_id" AS VARCHAR) AS "unique_id", CAST(f."profile_id" AS VARCHAR) AS "profile_id", CAST(f."metric_id" AS VARCHAR) AS "metric_id", CAST(f."metric_name" AS VARCHAR) AS "metric_name", CAST(f."integration_id" AS VARCHAR) AS "integration_id", CAST(f."integration_name" AS VARCHAR) AS "integration_name", CAST(f."event_at" AS TIMESTAMP) AS "event_at", CAST(f."value" AS DECIMAL(38,9)) AS "value", CAST(f."value_currency" AS VARCHAR) AS "value_currency", CAST(f."event_properties" AS JSON) AS "event_properties", CAST(f."ingested_at" AS TIMESTAMP) AS "ingested_at", CAST(f."_seq" AS BIGINT) AS "_seq", m.synced_at AS "_synced_at"
FROM read_parquet('s3://your-bucket/klaviyo_event/**/*.parquet', filename = true, hive_partitioning = false, union_by_name = true) f
JOIN (
  SELECT 's3://your-bucket/' || file.object_key AS path, synced_at
  FROM (SELECT unnest(files) AS file, synced_at FROM (SELECT * FROM read_json('s3://your-bucket/klaviyo_sync_receipt/*/*.json', format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864, columns = {kind: 'VARCHAR', number: 'BIGINT', log_id: 'VARCHAR', target_table: 'VARCHAR', sync_id: 'VARCHAR', plan_id: 'VARCHAR', first_file: 'BIGINT', last_file: 'BIGINT', from_seq: 'BIGINT', to_seq: 'BIGINT', rows_staged: 'BIGINT', rows_inserted: 'BIGINT', rows_updated: 'BIGINT', rows_quarantined: 'BIGINT', fence: 'BIGINT', committed_at: 'TIMESTAMP', synced_at: 'TIMESTAMP', files: 'STRUCT(table_name VARCHAR, object_key VARCHAR, rows BIGINT, bytes BIGINT)[]'}) WHERE kind = 'batch'))
  WHERE file.table_name = 'klaviyo_event'
) m ON f.filename = m.path
QUALIFY row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" ASC, f.filename) = 1;

CREATE OR REPLACE VIEW "klaviyo_metric" AS
SELECT CAST(f."id" AS VARCHAR) AS "id", CAST(f."name" AS VARCHAR) AS "name", CAST(f."integration_id" AS VARCHAR) AS "integration_id", CAST(f."integration_name" AS VARCHAR) AS "integration_name", CAST(f."integration_category" AS VARCHAR) AS "integration_category", CAST(f."created_at" AS TIMESTAMP) AS "created_at", CAST(f."updated_at" AS TIMESTAMP) AS "updated_at", CAST(f."_seq" AS BIGINT) AS "_seq", m.synced_at AS "_synced_at"
FROM read_parquet('s3://your-bucket/klaviyo_metric/**/*.parquet', filename = true, hive_partitioning = false, union_by_name = true) f
JOIN (
  SELECT 's3://your-bucket/' || file.object_key AS path, synced_at
  FROM (SELECT unnest(files) AS file, synced_at FROM (SELECT * FROM read_json('s3://your-bucket/klaviyo_sync_receipt/*/*.json', format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864, columns = {kind: 'VARCHAR', number: 'BIGINT', log_id: 'VARCHAR', target_table: 'VARCHAR', sync_id: 'VARCHAR', plan_id: 'VARCHAR', first_file: 'BIGINT', last_file: 'BIGINT', from_seq: 'BIGINT', to_seq: 'BIGINT', rows_staged: 'BIGINT', rows_inserted: 'BIGINT', rows_updated: 'BIGINT', rows_quarantined: 'BIGINT', fence: 'BIGINT', committed_at: 'TIMESTAMP', synced_at: 'TIMESTAMP', files: 'STRUCT(table_name VARCHAR, object_key VARCHAR, rows BIGINT, bytes BIGINT)[]'}) WHERE kind = 'batch'))
  WHERE file.table_name = 'klaviyo_metric'
) m ON f.filename = m.path
QUALIFY row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" DESC, f.filename) = 1;

