import type { ScriptTarget, StagingArea } from "../destination.ts";
import { createTables, tableNames, tableRef } from "../sql/dialect.ts";
import { literal, quote, redshiftDialect } from "./dialect.ts";
import type { RedshiftSettings } from "./settings.ts";

/** What our user needs on each table: rows are read, inserted and updated, never deleted. UPDATE is also what LOCK asks for. */
export const tablePrivileges = ["SELECT", "INSERT", "UPDATE"] as const;

/** What an administrator runs once, connected to the database; running it again changes nothing. Holds no password. */
export function setupScript(given: Partial<RedshiftSettings>, target: ScriptTarget): string {
  const { tablePrefix } = target;
  const { schema = "public", username = given.databaseUser ?? "warehouse_sync", database } = given;
  const dialect = redshiftDialect(schema);
  const user = quote(username);
  const tables = tableNames.map((table) => tableRef(dialect, tablePrefix, table)).join(", ");
  return [
    "-- Run once as an administrator, connected to the database. Running it again changes nothing.",
    `-- 1. The user. Give it a password of its own afterwards:  ALTER USER ${user} PASSWORD '…';`,
    `CREATE SCHEMA IF NOT EXISTS ${quote(schema)};`,
    createUser(schema, username),
    "-- 2. The tables. Instants are kept in UTC.",
    `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${user};`,
    ...createTables(dialect, tablePrefix).map((statement) => `${statement};`),
    `GRANT ${tablePrivileges.join(", ")} ON ${tables} TO ${user};`,
    "-- 3. Each batch passes through temporary tables.",
    database === undefined
      ? `-- GRANT TEMP ON DATABASE <database> TO ${user};`
      : `GRANT TEMP ON DATABASE ${quote(database)} TO ${user};`,
    ...networkNotes(given, target),
    "",
  ].join("\n\n");
}

/** Redshift knows no CREATE USER IF NOT EXISTS, and no blocks outside of procedures. */
function createUser(schema: string, username: string): string {
  const procedure = `${quote(schema)}."_ws_setup"()`;
  const statement = `CREATE USER ${quote(username)} PASSWORD DISABLE`;
  return [
    `CREATE OR REPLACE PROCEDURE ${procedure} AS $_ws_setup$`,
    "BEGIN",
    `  IF NOT EXISTS (SELECT 1 FROM pg_user WHERE usename = ${literal(username.toLowerCase())}) THEN`,
    `    EXECUTE ${literal(statement)};`,
    "  END IF;",
    "END;",
    "$_ws_setup$ LANGUAGE plpgsql;",
    `CALL ${procedure};`,
    `DROP PROCEDURE ${procedure};`,
  ].join("\n");
}

/** What is not done by SQL: the way in, and what the cluster's role may read. */
function networkNotes(
  { transport = "password", iamRole }: Partial<RedshiftSettings>,
  target: ScriptTarget,
): readonly string[] {
  const copyRole = `-- 5. The role ${iamRole}, attached to the cluster, needs\n--    ${readingPolicy({ bucket: "<staging bucket>", prefix: "<staging prefix>" })}`;
  return [
    (transport === "password" ? byPassword : byDataApi(target)).map((line) => `-- ${line}`).join("\n"),
    ...(iamRole === undefined ? [] : [copyRole]),
  ];
}

const byPassword = [
  "4. The way in: make the cluster or workgroup publicly accessible, and let our egress addresses (GET /egress-addresses)",
  "   in by its security group, on its port. We log in over TLS only.",
];

function byDataApi({ principalArn, externalId }: ScriptTarget): readonly string[] {
  const trust = {
    Effect: "Allow",
    Principal: { AWS: principalArn ?? "<ARN of the writer's role: your operator knows it>" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:ExternalId": externalId ?? "<external ID: shown once the connection is made>" } },
  };
  return [
    "4. The way in: a role of your account. Its trust policy, without whose condition we refuse it:",
    `   ${JSON.stringify({ Version: "2012-10-17", Statement: [trust] })}`,
    "   It may call redshift-data:ExecuteStatement and BatchExecuteStatement on the cluster or workgroup;",
    "   redshift-data:DescribeStatement, GetStatementResult and CancelStatement on its own statements; and",
    "   secretsmanager:GetSecretValue on the secret (or redshift:GetClusterCredentials for the database user).",
  ];
}

/** The policy by which COPY may read what lies staged. */
export function readingPolicy({ bucket, prefix }: Pick<StagingArea["address"], "bucket" | "prefix">): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/${prefix}*` },
      {
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringLike: { "s3:prefix": `${prefix}*` } },
      },
    ],
  });
}
