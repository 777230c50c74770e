import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import { objectsOfCopy } from "./copy-objects.ts";
import { type Copy, copyOf } from "./copy-options.ts";
import { RedshiftFault } from "./fault.ts";
import type { Engine, Result } from "./session.ts";
import type { Token } from "./tokens.ts";
import type { World } from "./world.ts";

/** A line as it lies in one file of a load. */
interface Line {
  readonly file: string;
  readonly number: number;
  readonly body: string;
}

/** A column of the table that is loaded, and how its value comes out of a line. */
interface Loaded {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly expression: string;
}

const lines = "pg_temp._redshift_lines";

/**
 * COPY from Amazon S3: the lines go into the engine as they are, and SQL makes rows of them there. Where one cannot be
 * loaded, nothing is, and the log of load errors tells which and why.
 */
export async function runCopy(world: World, engine: Engine, tokens: readonly Token[]): Promise<Result> {
  const copy = copyOf(tokens);
  if (!["auto", "auto ignorecase"].includes(copy.options.get("JSON") ?? ""))
    throw new RedshiftFault("0A000", "this stand-in loads JSON by the names of columns only");
  const found = await objectsOfCopy(world, copy);
  const columns = await columnsOf(engine, copy);
  await takeIn(engine, found.flatMap(linesOf));
  const names = columns.map(({ name }) => `"${name}"`).join(", ");
  const select = `SELECT ${columns.map(({ expression }) => expression).join(", ")} FROM (SELECT body::jsonb AS j FROM ${lines} ORDER BY file, number) AS l`;
  const isTrial = copy.options.has("NOLOAD");
  const failed = (await hasRefused(engine, columns, isTrial))
    ? true
    : isTrial
      ? undefined
      : await insertRows(engine, copy.table, names, select);
  if (failed instanceof RedshiftFault && failed.sqlState.startsWith("42")) throw failed;
  if (failed !== undefined) {
    await logRefused(world, engine, columns);
    const table = copy.table.split(".").at(-1)?.replaceAll('"', "");
    throw new RedshiftFault(
      "XX000",
      `Load into table '${table}' failed.  Check 'sys_load_error_detail' system table for details.`,
    );
  }
  await engine.query(`DROP TABLE ${lines}`);
  return { tag: "COPY", fields: [], rows: [] };
}

/** Answers what went wrong; the transaction, where there is one, goes on. */
async function insertRows(engine: Engine, table: string, names: string, select: string): Promise<unknown> {
  const isWithin = engine.isInTransaction();
  if (isWithin) await engine.query("SAVEPOINT redshift_load");
  const failed = await engine.query(`INSERT INTO ${table} (${names}) ${select}`).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (isWithin) await engine.query(`${failed === undefined ? "RELEASE" : "ROLLBACK TO"} SAVEPOINT redshift_load`);
  return failed;
}

function linesOf({ url, text }: { readonly url: string; readonly text: string }): readonly Line[] {
  const bodies = text.split("\n");
  if (bodies.at(-1) === "") bodies.pop();
  return bodies.map((body, index) => ({ file: url, number: index + 1, body }));
}

async function takeIn(engine: Engine, all: readonly Line[]): Promise<void> {
  await engine.query(`CREATE TEMP TABLE IF NOT EXISTS _redshift_lines (file text, number bigint, body text)`);
  await engine.query(`TRUNCATE ${lines}`);
  const stream = engine.client.query(copyFrom(`COPY ${lines} FROM STDIN WITH (FORMAT csv)`));
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const csv = Readable.from(
    all.map(({ file, number, body }) => `${cell(file)},${number},${cell(body.replaceAll("\0", ""))}\n`),
  );
  await pipeline(csv, stream);
}

async function columnsOf(engine: Engine, { table, columns }: Copy): Promise<readonly Loaded[]> {
  const { rows } = await engine.query(
    `SELECT a.attname, t.typname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = '${table.replaceAll("'", "''")}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  );
  const all = rows.map(([name, type, spelt, required]) => ({
    name: name ?? "",
    type: type ?? "",
    spelt: spelt ?? "",
    required: required === "t",
  }));
  const wanted =
    columns.length === 0 ? all : columns.map((name) => all.find((column) => column.name === name) ?? unknown(name));
  return wanted.map(({ name, type, spelt, required }) => ({
    name,
    type,
    required,
    expression: expressionOf(name, type, spelt),
  }));
}

function unknown(name: string): never {
  throw new RedshiftFault("42703", `column "${name}" does not exist`);
}

function expressionOf(name: string, type: string, spelt: string): string {
  const key = `'${name.replaceAll("'", "''")}'`;
  if (type === "super") return `NULLIF(j -> ${key}, 'null'::jsonb)::redshift.super`;
  return `(j ->> ${key})::${spelt}`;
}

/** A line too long for Redshift is no trouble to the engine; and where nothing is loaded, each has to be looked at. */
async function hasRefused(engine: Engine, columns: readonly Loaded[], isTrial: boolean): Promise<boolean> {
  const condition = isTrial ? refusalOf(columns) : `CASE WHEN octet_length(body) > 4194304 THEN ARRAY[''] END`;
  const { rows } = await engine.query(`SELECT 1 FROM ${lines} WHERE ${condition} IS NOT NULL LIMIT 1`);
  return rows.length > 0;
}

function refusalOf(columns: readonly Loaded[]): string {
  const list = (texts: readonly string[]) =>
    `ARRAY[${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ")}]`;
  const names = list(columns.map(({ name }) => name));
  const expressions = list(columns.map(({ expression }) => expression));
  return `redshift.refusal(body, ${names}, ${expressions}, ARRAY[${columns.map(({ required }) => required).join(", ")}])`;
}

/** Each file is read by a slice of its own, and each slice stops at its first bad line. */
async function logRefused(world: World, engine: Engine, columns: readonly Loaded[]): Promise<void> {
  const { rows } = await engine.query(
    `SELECT DISTINCT ON (file) file, number, refused FROM (SELECT file, number, ${refusalOf(columns)} AS refused FROM ${lines}) AS l WHERE refused IS NOT NULL ORDER BY file, number`,
  );
  for (const [file, number, refused] of rows) {
    const [column = "", state = "", words = ""] = arrayOf(refused ?? "");
    const type = columns.find(({ name }) => name === column)?.type ?? "";
    const [code, message] = reasonOf(state, words, type);
    await world.administer(
      engine.database,
      "INSERT INTO redshift.load_errors VALUES ($1, $2, now(), $3, $4, $5, $6, $7, $8)",
      [engine.user, Math.floor(Math.random() * 1e9), file, number, column, type, code, message],
    );
  }
}

/** `{a,"b c",d}` as the engine prints a list of texts. */
function arrayOf(text: string): readonly string[] {
  return [...text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? "") : quoted.replaceAll(/\\(.)/g, "$1"),
  );
}

/** https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html */
function reasonOf(state: string, words: string, type: string): readonly [number, string] {
  if (state === "RS000") return [1224, "Input record is larger than the 4 MB that a row may have"];
  if (state === "23502") return [1213, "Missing data for not-null field"];
  if (state === "23514" && type.startsWith("varchar")) return [1204, "String length exceeds DDL length"];
  if (state === "23514") return [1224, "SUPER value exceeds export size or a string within it 65535 bytes"];
  if (state.startsWith("220") && type === "timestamp")
    return [1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"];
  if (state === "22P05" || /unicode|surrogate/i.test(words))
    return [1220, "String contains invalid or unsupported UTF8 codepoints"];
  if (state === "22003") return [1209, "Overflow for numeric or integer"];
  if (state === "22P02" && type === "bool") return [1210, "Invalid boolean value"];
  if (state === "22P02" && type.startsWith("int")) return [1207, "Invalid digit"];
  return [1216, `Invalid JSON format: ${words}`];
}
