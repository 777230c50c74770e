import { DuckDBDataChunk, INTEGER } from "@duckdb/node-api";
import type { EngineSession } from "../engine.ts";
import { IdentityFold, rowChanged } from "./fold-identities.ts";
import { eachKey, hexOf, nobody } from "./identity-groups.ts";
import { identifierKey, newProfileId } from "./rows.ts";

/** What the folded rows come to, as queries: rows of `ws_profile`, of `ws_identity_change`, and `ord` → `profile`. */
export interface FoldOutcome {
  readonly profiles: string;
  readonly identityChanges: string;
  readonly rows: string;
}

/** Resolves the groups in `ws_tangled` row by row, in log order. Undefined when there are none. */
export async function foldTangles(
  session: EngineSession,
  accountId: string,
  source: string,
  signal: AbortSignal,
): Promise<FoldOutcome | undefined> {
  const [tangled] = await session.rows("SELECT count(*)::INTEGER AS n FROM ws_tangled");
  if (tangled?.["n"] === 0) return undefined;
  for (const statement of numberTangles(source)) await session.run(statement);
  const fold = await startFold(session);
  const initialHolder = fold.holder.slice();
  await foldRows(session, fold, signal);
  await keepFold(session, fold, initialHolder);
  for (const statement of nameFold(accountId)) await session.run(statement);
  return outcome;
}

/** Statements that put small numbers in place of tangled identifiers, profiles and rows. */
function numberTangles(source: string): readonly string[] {
  const number = (key: string) =>
    `coalesce((SELECT num FROM ws_knot_identifier WHERE ws_knot_identifier.key = t.${key}), -1)`;
  return [
    "CREATE TEMP TABLE ws_knot_tuple AS SELECT * FROM ws_tuple SEMI JOIN ws_tangled USING (gk)",
    `CREATE TEMP TABLE ws_knot_profile AS SELECT (row_number() OVER () - 1)::INTEGER AS num, profile, cx, ce, cp FROM (
       SELECT DISTINCT profile FROM ws_known SEMI JOIN (${eachKey("ws_knot_tuple")}) USING (key))
     LEFT JOIN ws_current USING (profile)`,
    `CREATE TEMP TABLE ws_knot_identifier AS
     SELECT (row_number() OVER () - 1)::INTEGER AS num, key, any_value(value) AS value FROM (
       SELECT kx AS key, x AS value FROM ws_knot_tuple UNION ALL SELECT ke, e FROM ws_knot_tuple
       UNION ALL SELECT kp, p FROM ws_knot_tuple
       UNION ALL SELECT ${identifierKey("external_id", "cx")}, cx FROM ws_knot_profile
       UNION ALL SELECT ${identifierKey("email", "ce")}, ce FROM ws_knot_profile
       UNION ALL SELECT ${identifierKey("phone_number", "cp")}, cp FROM ws_knot_profile)
     WHERE key IS NOT NULL GROUP BY key`,
    `CREATE TEMP TABLE ws_knot_number AS SELECT x, e, p, ${number("kx")} AS nx, ${number("ke")} AS ne, ${number("kp")} AS np
     FROM ws_knot_tuple t`,
    `CREATE TEMP TABLE ws_knot_row AS SELECT (row_number() OVER (ORDER BY ord) - 1)::INTEGER AS num, ord, nx, ne, np
     FROM (${source}) r JOIN ws_knot_number n ON r.external_id IS NOT DISTINCT FROM n.x
       AND r.email IS NOT DISTINCT FROM n.e AND r.phone_number IS NOT DISTINCT FROM n.p`,
  ];
}

async function startFold(session: EngineSession): Promise<IdentityFold> {
  const [count] = await session.rows("SELECT count(*)::INTEGER AS n FROM ws_knot_identifier");
  const current: number[] = [];
  const held = `SELECT coalesce(ix.num, -1), coalesce(ie.num, -1), coalesce(ip.num, -1) FROM ws_knot_profile k
    LEFT JOIN ws_knot_identifier ix ON ix.key = ${identifierKey("external_id", "k.cx")}
    LEFT JOIN ws_knot_identifier ie ON ie.key = ${identifierKey("email", "k.ce")}
    LEFT JOIN ws_knot_identifier ip ON ip.key = ${identifierKey("phone_number", "k.cp")} ORDER BY k.num`;
  for await (const [x, e, p] of integerRows(session, held)) current.push(x ?? -1, e ?? -1, p ?? -1);
  return new IdentityFold(Number(count?.["n"] ?? 0), Int32Array.from(current));
}

async function foldRows(session: EngineSession, fold: IdentityFold, signal: AbortSignal): Promise<void> {
  const [count] = await session.rows("SELECT count(*)::INTEGER AS n FROM ws_knot_row");
  const total = Number(count?.["n"] ?? 0);
  const profileOf = new Int32Array(total);
  const effectOf = new Int32Array(total);
  let row = 0;
  for await (const chunk of await session.connection.stream("SELECT nx, ne, np FROM ws_knot_row ORDER BY num")) {
    signal.throwIfAborted();
    const [x = [], e = [], p = []] = chunk.getColumns() as number[][];
    for (let index = 0; index < chunk.rowCount; index++, row++) {
      profileOf[row] = fold.take(row, x[index] ?? -1, e[index] ?? -1, p[index] ?? -1);
      effectOf[row] = fold.lastEffect;
    }
  }
  const rows = Int32Array.from({ length: total }, (_, index) => index);
  await appendIntegers(session, "ws_fold_row", ["num", "profile", "effect"], [rows, profileOf, effectOf]);
}

/** Hands the fold's end state back to SQL: every profile, and each identifier whose holder is another than before. */
async function keepFold(session: EngineSession, fold: IdentityFold, initialHolder: Int32Array): Promise<void> {
  const numbers = Int32Array.from({ length: fold.profiles }, (_, index) => index);
  const kind = (offset: number) => numbers.map((profile) => fold.current[profile * 3 + offset] ?? -1);
  await appendIntegers(
    session,
    "ws_fold_profile",
    ["num", "nx", "ne", "np", "changed", "created"],
    [numbers, kind(0), kind(1), kind(2), fold.changedAt, fold.createdAt],
  );
  const moved = Int32Array.from(initialHolder.keys()).filter((index) => fold.holder[index] !== initialHolder[index]);
  const holders = moved.map((index) => fold.holder[index] ?? -1);
  const gains = moved.map(
    (index) => Number((fold.holder[index] ?? -1) >= 0) - Number((initialHolder[index] ?? -1) >= 0),
  );
  await appendIntegers(session, "ws_fold_holder", ["num", "profile", "gain"], [moved, holders, gains]);
}

/** Statements that put ids, ordinals and texts back in place of numbers. */
function nameFold(accountId: string): readonly string[] {
  const text = (number: string) => `(SELECT value FROM ws_knot_identifier WHERE ws_knot_identifier.num = f.${number})`;
  return [
    `CREATE TEMP TABLE ws_fold_named AS SELECT f.num, k.profile IS NULL AS is_new, made.ord AS created_ord,
       coalesce(k.profile, ${newProfileId(accountId, "made.ord")}::UUID) AS profile,
       ${text("nx")} AS x, ${text("ne")} AS e, ${text("np")} AS p, last.ord AS id_ord
     FROM ws_fold_profile f LEFT JOIN ws_knot_profile k ON k.num = f.num
       LEFT JOIN ws_knot_row made ON made.num = f.created LEFT JOIN ws_knot_row last ON last.num = f.changed`,
    `CREATE TEMP TABLE ws_fold_change AS SELECT f.profile AS num, list(r.ord) AS changed_ords
     FROM ws_fold_row f JOIN ws_knot_row r USING (num) WHERE f.effect = ${rowChanged} GROUP BY f.profile`,
  ];
}

const outcome: FoldOutcome = {
  profiles: `SELECT profile, ${hexOf("profile")}, is_new, created_ord, x, e, p, id_ord, coalesce(changed_ords, []::BIGINT[])
    FROM ws_fold_named LEFT JOIN ws_fold_change USING (num)`,
  identityChanges: `SELECT i.key, coalesce(n.profile, ${nobody}), h.gain FROM ws_fold_holder h
    JOIN ws_knot_identifier i ON i.num = h.num LEFT JOIN ws_fold_named n ON n.num = h.profile`,
  rows: `SELECT r.ord, ${hexOf("n.profile")} AS id FROM ws_fold_row f JOIN ws_knot_row r USING (num)
    JOIN ws_fold_named n ON n.num = f.profile`,
};

async function* integerRows(session: EngineSession, sql: string): AsyncGenerator<readonly number[]> {
  for await (const chunk of await session.connection.stream(sql)) yield* chunk.getRows() as number[][];
}

/** A new temporary table of 32-bit integers, filled from arrays (of which the first gives the length). */
async function appendIntegers(
  session: EngineSession,
  table: string,
  names: readonly string[],
  columns: readonly Int32Array[],
): Promise<void> {
  await session.run(`CREATE TEMP TABLE ${table} (${names.map((name) => `${name} INTEGER`).join(", ")})`);
  const appender = await session.connection.createAppender(table, null, "temp");
  const length = columns[0]?.length ?? 0;
  for (let start = 0; start < length; start += chunkRows) {
    const end = Math.min(length, start + chunkRows);
    const chunk = DuckDBDataChunk.create(names.map(() => INTEGER));
    chunk.setColumns(columns.map((column) => Array.from(column.subarray(start, end))));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** DuckDB's vector size: the most rows one chunk holds. */
const chunkRows = 2048;
