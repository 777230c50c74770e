import { begins, type GrammarRule, has } from "./grammar-rule.ts";
import { findWords, pastGroup, type Token, wordsAt } from "./tokens.ts";

/** https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html */
const missingTypes = [
  ...["JSON", "JSONB", "UUID", "BYTEA", "XML", "MONEY", "INET", "CIDR", "SERIAL", "BIGSERIAL", "HSTORE", "TSVECTOR"],
];

const isAlter = (tokens: readonly Token[]) => begins(tokens, "ALTER", "TABLE");
const isTable = (tokens: readonly Token[]) =>
  isAlter(tokens) || begins(tokens, "CREATE", "TABLE") || begins(tokens, "CREATE", "TEMP");

/** What Redshift will not take of statements that make and alter tables. */
export const tableRules: readonly GrammarRule[] = [
  {
    name: "unlogged tables",
    source: "r_CREATE_TABLE_NEW",
    sqlState: "42601",
    message: 'syntax error at or near "UNLOGGED"',
    applies: (s) => begins(s, "CREATE", "UNLOGGED"),
    tried: "CREATE UNLOGGED TABLE analytics.u (a int)",
  },
  {
    name: "CREATE INDEX",
    source: "c_unsupported-postgresql-features",
    sqlState: "0A000",
    message: 'SQL command "create index" not supported',
    applies: (s) => begins(s, "CREATE", "INDEX") || begins(s, "CREATE", "UNIQUE"),
    tried: "CREATE INDEX i ON analytics.t (a)",
  },
  {
    name: "CREATE TRIGGER",
    source: "c_unsupported-postgresql-features",
    sqlState: "42601",
    message: 'syntax error at or near "TRIGGER"',
    applies: (s) => begins(s, "CREATE", "TRIGGER"),
    tried: "CREATE TRIGGER x BEFORE INSERT ON analytics.t EXECUTE PROCEDURE y()",
  },
  {
    name: "CREATE SEQUENCE",
    source: "c_unsupported-postgresql-features",
    sqlState: "0A000",
    message: "CREATE SEQUENCE is not supported",
    applies: (s) => begins(s, "CREATE", "SEQUENCE"),
    tried: "CREATE SEQUENCE analytics.s",
  },
  {
    name: "CREATE DOMAIN and CREATE TYPE",
    source: "c_unsupported-postgresql-features",
    sqlState: "42601",
    message: 'syntax error at or near "DOMAIN"',
    applies: (s) => begins(s, "CREATE", "DOMAIN") || begins(s, "CREATE", "TYPE"),
    tried: "CREATE DOMAIN analytics.d AS int",
  },
  {
    name: "ALTER COLUMN TYPE but for VARCHAR's length",
    source: "r_ALTER_TABLE",
    sqlState: "0A000",
    message: "ALTER COLUMN TYPE is only supported for the length of VARCHAR",
    applies: (s) =>
      isAlter(s) &&
      has(s, "ALTER", "COLUMN") &&
      has(s, "TYPE") &&
      !has(s, "VARCHAR") &&
      !has(s, "CHARACTER", "VARYING"),
    tried: "ALTER TABLE analytics.t ALTER COLUMN a TYPE bigint",
  },
  {
    name: "SET and DROP NOT NULL",
    source: "r_ALTER_TABLE",
    sqlState: "0A000",
    message: "ALTER COLUMN SET/DROP NOT NULL is not supported",
    applies: (s) => isAlter(s) && (has(s, "DROP", "NOT", "NULL") || has(s, "SET", "NOT", "NULL")),
    tried: "ALTER TABLE analytics.t ALTER COLUMN a DROP NOT NULL",
  },
  {
    name: "several columns in one ALTER TABLE",
    source: "c_redshift-sql-implementated-differently",
    sqlState: "0A000",
    message: "ALTER TABLE ADD COLUMN supports only one column",
    applies: (s) => isAlter(s) && s.filter((_, at) => wordsAt(s, at, "ADD")).length > 1,
    tried: "ALTER TABLE analytics.t ADD COLUMN b int, ADD COLUMN c int",
  },
  {
    name: "a new column NOT NULL without a default",
    source: "r_ALTER_TABLE",
    sqlState: "0A000",
    message: "ADD COLUMN defined as NOT NULL must have a non-null default",
    applies: (s) => isAlter(s) && has(s, "ADD") && has(s, "NOT", "NULL") && !has(s, "DEFAULT"),
    tried: "ALTER TABLE analytics.t ADD COLUMN b int NOT NULL",
  },
  {
    name: "types that are PostgreSQL's alone",
    source: "c_unsupported-postgresql-datatypes",
    sqlState: "0A000",
    message: "Column has unsupported type",
    applies: (s) => isTable(s) && missingTypes.some((type) => has(s, type)),
    tried: "CREATE TABLE analytics.u (a jsonb)",
  },
  {
    name: "arrays",
    source: "c_unsupported-postgresql-datatypes",
    sqlState: "0A000",
    message: "Column has unsupported type: array",
    applies: (s) => isTable(s) && s.some(({ text }) => text === "["),
    tried: "CREATE TABLE analytics.u (a int[])",
  },
  {
    name: "VARCHAR longer than 65535",
    source: "r_Character_types",
    sqlState: "42601",
    message: "length for type character varying cannot exceed 65535",
    applies: (s) => lengthAfter(s, "VARCHAR") > 65_535 || lengthAfter(s, "CHARACTER", "VARYING") > 65_535,
    tried: "CREATE TABLE analytics.u (a varchar(65536))",
  },
  {
    name: "numbers of more than 38 digits",
    source: "r_Numeric_types201",
    sqlState: "22023",
    message: "NUMERIC precision must be between 1 and 38",
    applies: (s) => lengthAfter(s, "NUMERIC") > 38 || lengthAfter(s, "DECIMAL") > 38,
    tried: "CREATE TABLE analytics.u (a numeric(39,9))",
  },
  {
    name: "SUPER as a key",
    source: "limitations-super",
    sqlState: "0A000",
    message: "SUPER column cannot be a distribution or sort key",
    applies: superIsKey,
    tried: "CREATE TABLE analytics.u (a super) SORTKEY (a)",
  },
  {
    name: "generated columns",
    source: "r_CREATE_TABLE_NEW",
    sqlState: "42601",
    message: 'syntax error at or near "ALWAYS"',
    applies: (s) => has(s, "GENERATED", "ALWAYS"),
    tried: "CREATE TABLE analytics.u (a int, b int GENERATED ALWAYS AS (a + 1) STORED)",
  },
  {
    name: "CHECK constraints",
    source: "r_CREATE_TABLE_NEW",
    sqlState: "0A000",
    message: "CHECK constraints are not supported",
    applies: (s) => isTable(s) && has(s, "CHECK", "("),
    tried: "CREATE TABLE analytics.u (a int CHECK (a > 1))",
  },
  {
    name: "inheritance and partitions",
    source: "c_redshift-sql-implementated-differently",
    sqlState: "0A000",
    message: "Redshift tables can neither inherit nor be partitioned",
    applies: (s) => begins(s, "CREATE", "TABLE") && (has(s, "INHERITS") || has(s, "PARTITION", "BY")),
    tried: "CREATE TABLE analytics.u (a int) PARTITION BY RANGE (a)",
  },
];

function lengthAfter(tokens: readonly Token[], ...words: readonly string[]): number {
  const at = findWords(tokens, ...words, "(");
  return at < 0 ? 0 : Number(tokens[at + words.length + 1]?.value);
}

function superIsKey(tokens: readonly Token[]): boolean {
  if (!isTable(tokens)) return false;
  const columns = tokens.flatMap((token, at) => (wordsAt(tokens, at + 1, "SUPER") ? [token.value.toLowerCase()] : []));
  const keys = ["DISTKEY", "SORTKEY"].flatMap((word) => {
    const at = findWords(tokens, word, "(");
    return at < 0 ? [] : tokens.slice(at + 2, pastGroup(tokens, at + 1) - 1).map(({ value }) => value.toLowerCase());
  });
  return keys.some((key) => columns.includes(key));
}
