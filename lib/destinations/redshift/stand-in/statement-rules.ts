import { begins, type GrammarRule, has } from "./grammar-rule.ts";
import { findWords, type Token } from "./tokens.ts";

/** https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html, and what drivers set */
const settings = [
  ...["TIMEZONE", "STATEMENT_TIMEOUT", "SEARCH_PATH", "DATESTYLE", "QUERY_GROUP", "SESSION", "CLIENT_ENCODING"],
  ...["ENABLE_CASE_SENSITIVE_IDENTIFIER", "APPLICATION_NAME", "EXTRA_FLOAT_DIGITS"],
];

/** What Redshift will not take of statements that read and write rows. */
export const statementRules: readonly GrammarRule[] = [
  {
    name: "INSERT … ON CONFLICT",
    source: "c_unsupported-postgresql-features",
    sqlState: "42601",
    message: 'syntax error at or near "ON"',
    applies: (s) => begins(s, "INSERT") && has(s, "ON", "CONFLICT"),
    tried: "INSERT INTO analytics.t VALUES (1) ON CONFLICT DO NOTHING",
  },
  {
    name: "RETURNING",
    source: "r_INSERT_30",
    sqlState: "42601",
    message: 'syntax error at or near "RETURNING"',
    applies: (s) => has(s, "RETURNING"),
    tried: "INSERT INTO analytics.t VALUES (1) RETURNING a",
  },
  {
    name: "SELECT DISTINCT ON",
    source: "c_unsupported-postgresql-features",
    sqlState: "0A000",
    message: "SELECT DISTINCT ON is not supported",
    applies: (s) => has(s, "DISTINCT", "ON"),
    tried: "SELECT DISTINCT ON (a) a FROM analytics.t",
  },
  {
    name: "aggregates with FILTER",
    source: "c_unsupported-postgresql-features",
    sqlState: "42601",
    message: 'syntax error at or near "("',
    applies: (s) => has(s, "FILTER", "(", "WHERE"),
    tried: "SELECT COUNT(*) FILTER (WHERE a > 1) FROM analytics.t",
  },
  {
    name: "COPY FROM STDIN",
    source: "r_COPY",
    sqlState: "0A000",
    message: "COPY FROM STDIN is not supported",
    applies: (s) => begins(s, "COPY") && has(s, "FROM", "STDIN"),
    tried: "COPY analytics.t FROM STDIN",
  },
  {
    name: "COPY TO",
    source: "r_UNLOAD",
    sqlState: "42601",
    message: 'syntax error at or near "TO"',
    applies: (s) => begins(s, "COPY") && has(s, "TO"),
    tried: "COPY analytics.t TO 's3://bucket/key'",
  },
  {
    name: "blocks outside of procedures",
    source: "stored-procedure-overview",
    sqlState: "42601",
    message: 'syntax error at or near "DO"',
    applies: (s) => begins(s, "DO"),
    tried: "DO $$ BEGIN NULL; END $$",
  },
  {
    name: "CREATE USER IF NOT EXISTS",
    source: "r_CREATE_USER",
    sqlState: "42601",
    message: 'syntax error at or near "NOT"',
    applies: (s) => begins(s, "CREATE", "USER", "IF") || begins(s, "CREATE", "ROLE", "IF"),
    tried: "CREATE USER IF NOT EXISTS somebody PASSWORD DISABLE",
  },
  {
    name: "LOCK in a mode",
    source: "r_LOCK",
    sqlState: "42601",
    message: 'syntax error at or near "IN"',
    applies: (s) => begins(s, "LOCK") && has(s, "IN"),
    tried: "LOCK TABLE analytics.t IN SHARE MODE",
  },
  {
    name: "SELECT FOR UPDATE",
    source: "r_SELECT_synopsis",
    sqlState: "0A000",
    message: "SELECT FOR UPDATE is not supported",
    applies: (s) => has(s, "FOR", "UPDATE") || has(s, "FOR", "SHARE"),
    tried: "SELECT a FROM analytics.t FOR UPDATE",
  },
  {
    name: "savepoints",
    source: "c_unsupported-postgresql-features",
    sqlState: "0A000",
    message: 'SQL command "savepoint" not supported',
    applies: (s) => begins(s, "SAVEPOINT"),
    tried: "SAVEPOINT here",
  },
  {
    name: "LISTEN and NOTIFY",
    source: "c_unsupported-postgresql-features",
    sqlState: "0A000",
    message: "SQL command not supported on Redshift tables",
    applies: (s) => begins(s, "LISTEN") || begins(s, "NOTIFY"),
    tried: "NOTIFY somebody",
  },
  {
    name: "LATERAL",
    source: "r_FROM_clause30",
    sqlState: "42601",
    message: 'syntax error at or near "LATERAL"',
    applies: (s) => has(s, "LATERAL"),
    tried: "SELECT 1 FROM analytics.t, LATERAL (SELECT 2) AS x",
  },
  {
    name: "VALUES as a table",
    source: "c_unsupported-postgresql-features",
    sqlState: "42601",
    message: 'syntax error at or near "VALUES"',
    applies: (s) => has(s, "FROM", "(", "VALUES") || begins(s, "VALUES"),
    tried: "SELECT a FROM (VALUES (1)) AS x (a)",
  },
  {
    name: "an alias for MERGE's target",
    source: "r_MERGE",
    sqlState: "42601",
    message: 'syntax error at or near "USING"',
    applies: (s) => begins(s, "MERGE", "INTO") && mergeTargetEnd(s) !== findWords(s, "USING"),
    tried:
      "MERGE INTO analytics.t AS x USING u ON x.a = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "a query as MERGE's source",
    source: "r_MERGE",
    sqlState: "42601",
    message: 'syntax error at or near "("',
    applies: (s) => begins(s, "MERGE") && has(s, "USING", "("),
    tried:
      "MERGE INTO analytics.t USING (SELECT 1 AS a) u ON t.a = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "a condition beside MATCHED",
    source: "r_MERGE",
    sqlState: "42601",
    message: 'syntax error at or near "AND"',
    applies: (s) => begins(s, "MERGE") && has(s, "MATCHED", "AND"),
    tried:
      "MERGE INTO analytics.t USING u ON t.a = u.a WHEN MATCHED AND t.a > 1 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "MERGE without both of its clauses",
    source: "r_MERGE",
    sqlState: "42601",
    message: "MERGE needs WHEN MATCHED and WHEN NOT MATCHED",
    applies: (s) =>
      begins(s, "MERGE") &&
      !has(s, "REMOVE", "DUPLICATES") &&
      !(has(s, "WHEN", "MATCHED") && has(s, "WHEN", "NOT", "MATCHED")),
    tried: "MERGE INTO analytics.t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "WITH before MERGE",
    source: "r_MERGE",
    sqlState: "42601",
    message: 'syntax error at or near "MERGE"',
    applies: (s) => begins(s, "WITH") && has(s, "MERGE", "INTO"),
    tried:
      "WITH u AS (SELECT 1 AS a) MERGE INTO analytics.t USING u ON t.a = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "inequalities in MERGE's ON",
    source: "r_MERGE",
    sqlState: "0A000",
    message: "MERGE supports equality predicates only",
    applies: (s) => begins(s, "MERGE") && comparesOtherwise(s),
    tried:
      "MERGE INTO analytics.t USING u ON t.a < u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
  },
  {
    name: "settings that Redshift has not",
    source: "cm_chap_ConfigurationRef",
    sqlState: "42704",
    message: "unrecognized configuration parameter",
    applies: (s) => begins(s, "SET") && !settings.includes(s[s[1]?.value === "LOCAL" ? 2 : 1]?.value ?? ""),
    tried: "SET synchronous_commit TO 'on'",
  },
  {
    name: "a statement of more than 16 MB",
    source: "c_redshift-sql",
    sqlState: "54001",
    message: "The SQL statement is too large (max 16 MB)",
    applies: (s) => s.reduce((sum, { text }) => sum + text.length, 0) > 16_777_216,
    tried: `SELECT '${"x".repeat(16_777_217)}' AS a`,
  },
  {
    name: "names longer than 127 bytes",
    source: "r_names",
    sqlState: "42622",
    message: "identifier too long (max 127 bytes)",
    applies: (s) => s.some(({ kind, value }) => (kind === "name" || kind === "word") && Buffer.byteLength(value) > 127),
    tried: 'SELECT "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé" FROM analytics.t',
  },
];

/** Past the name, with or without a schema, after MERGE INTO. */
function mergeTargetEnd(tokens: readonly Token[]): number {
  return tokens[3]?.text === "." ? 5 : 3;
}

function comparesOtherwise(tokens: readonly Token[]): boolean {
  const [from, to] = [findWords(tokens, "ON"), findWords(tokens, "WHEN")];
  const condition = tokens.slice(Math.max(0, from), to < 0 ? undefined : to);
  return condition.some(({ text }) => ["<", ">", "<=", ">=", "<>", "!="].includes(text));
}
