import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";
import { seqOfOrdinal } from "./rows.ts";

/** Bytes of patches that are folded at once: bounds the lists in memory, however many patches one profile has. */
const bytesPerTurn = 32 * 1024 * 1024;

/** What a row weighs in memory beside its JSON. */
const rowBytes = 500;

const allColumns = [...profileTextColumns, ...profileJsonColumns];

/** Columns that some patch names. The others are left alone, which makes each step of a fold so much cheaper. */
interface NamedColumns {
  readonly texts: readonly string[];
  readonly json: readonly string[];
}

/**
 * Folds the patches of profiles that have several (`ws_several`) into `ws_folded`: the final columns, and `attr_ord` of
 * the last patch that changed one (null: none did). `ws_fold_count` says how many rows of each entry changed a profile.
 *
 * Patches are taken in turns, in log order within a profile: a turn holds so many bytes of one entry's patches.
 */
export async function foldPatches(session: EngineSession): Promise<void> {
  for (const statement of prepare()) await session.run(statement);
  const named = await namedColumns(session);
  const turns = await session.rows("SELECT seq, turn FROM ws_turn GROUP BY ALL ORDER BY ALL");
  for (const { seq, turn } of turns) {
    await session.run(foldTurn(named, `seq = ${seq} AND turn = ${turn}`));
    await session.run("DELETE FROM ws_folded WHERE pnum IN (SELECT pnum FROM ws_fold_turn)");
    await session.run("INSERT INTO ws_folded SELECT * EXCLUDE (n) FROM ws_fold_turn");
    await session.run(`INSERT INTO ws_fold_count SELECT ${seq}, sum(n) FROM ws_fold_turn`);
  }
}

async function namedColumns(session: EngineSession): Promise<NamedColumns> {
  const isNamed = allColumns.map(
    (column) =>
      `coalesce(bool_or("${column}" IS NOT NULL OR list_contains(cleared, '${column}')), false) AS "${column}"`,
  );
  const [row = {}] = await session.rows(`SELECT ${isNamed.join(", ")} FROM ws_patch SEMI JOIN ws_several USING (pnum)`);
  const of = (columns: readonly string[]) => columns.filter((column) => row[column] === true);
  return { texts: of(profileTextColumns), json: of(profileJsonColumns) };
}

function prepare(): readonly string[] {
  const bytes = profileJsonColumns.map((column) => `coalesce(length("${column}"), 0)`).join(" + ");
  return [
    `CREATE OR REPLACE TEMP TABLE ws_folded AS
     SELECT p.pnum, ${allColumns.map((column) => `s."${column}"`).join(", ")}, NULL::BIGINT AS attr_ord
     FROM ws_several JOIN ws_person p USING (pnum) LEFT JOIN ws_state s ON s.id = p.id`,
    "CREATE OR REPLACE TEMP TABLE ws_fold_count (seq BIGINT, n BIGINT)",
    `CREATE OR REPLACE TEMP TABLE ws_moved AS
     SELECT unnest(changed_ords) AS ord FROM ws_person SEMI JOIN ws_several USING (pnum) WHERE len(changed_ords) > 0`,
    `CREATE OR REPLACE TEMP TABLE ws_turn AS
     SELECT pnum, ord, seq, ((sum(bytes) OVER (PARTITION BY seq ORDER BY pnum, ord)) // ${bytesPerTurn})::INTEGER AS turn,
       ord IN (SELECT ord FROM ws_moved) AS is_moved, ord IS NOT DISTINCT FROM created_ord AS is_created
     FROM (SELECT pnum, ord, ${seqOfOrdinal("ord")} AS seq, ${bytes} + ${rowBytes} AS bytes FROM ws_patch SEMI JOIN ws_several USING (pnum))
       JOIN (SELECT pnum, created_ord FROM ws_person) USING (pnum)`,
  ];
}

/** Makes `ws_fold_turn`: what the patches of a turn come to, and how many of them changed their profile (`n`). */
function foldTurn(named: NamedColumns, where: string): string {
  const columns = [...named.texts, ...named.json];
  const untouched = allColumns.filter((column) => !columns.includes(column)).map((column) => `, f."${column}"`);
  const selected = allColumns.map((column) => (columns.includes(column) ? `folded."${column}"` : `"${column}"`));
  const start = columns.map((column) => `"${column}" := f."${column}", `).join("");
  const fields = columns.map((column) => `"${column}" := q."${column}", `).join("");
  return `CREATE OR REPLACE TEMP TABLE ws_fold_turn AS
    SELECT pnum, ${selected.join(", ")}, folded.change.attr_ord, folded.change.n FROM (
      SELECT q.*, list_reduce(list_prepend(first, rest), ${foldStep(named)}) AS folded FROM (
        SELECT f.pnum, q.rest${untouched.join("")}, struct_pack(${start} ord := NULL::BIGINT, cleared := NULL::VARCHAR[],
          is_moved := false, is_created := false, change := struct_pack(attr_ord := f.attr_ord, n := 0::BIGINT)) AS first
        FROM ws_folded f JOIN (
          SELECT q.pnum, list(struct_pack(${fields} ord := q.ord, cleared := q.cleared, is_moved := t.is_moved,
            is_created := t.is_created, change := NULL::STRUCT(attr_ord BIGINT, n BIGINT)) ORDER BY q.ord) AS rest
          FROM ws_patch q JOIN (SELECT ord, is_moved, is_created FROM ws_turn WHERE ${where}) t ON t.ord = q.ord
          GROUP BY q.pnum) q USING (pnum)) q)`;
}

/**
 * Applies the patch `r` to the state `s`. Each patched column is spelled out wherever it is needed: naming it by an inner
 * lambda would make a step ten times slower.
 */
function foldStep({ texts, json }: NamedColumns): string {
  const patchedText = (column: string) => `CASE WHEN r."${column}" IS NOT NULL THEN r."${column}"
    WHEN coalesce(list_contains(r.cleared, '${column}'), false) THEN NULL ELSE s."${column}" END`;
  const patchedJson = (column: string) => `ws_patched(s."${column}", r."${column}")`;
  const fields = [
    ...texts.map((column) => `"${column}" := ${patchedText(column)}, `),
    ...json.map((column) => `"${column}" := ${patchedJson(column)}, `),
  ];
  const same = [
    ...texts.map((column) => `(${patchedText(column)}) IS NOT DISTINCT FROM s."${column}"`),
    ...json.map((column) => `ws_unchanged(s."${column}", r."${column}", ${patchedJson(column)})`),
  ];
  return `lambda s, r: struct_pack(${fields.join("")} ord := r.ord, cleared := s.cleared, is_moved := false, is_created := false,
    change := CASE WHEN ${["true", ...same].join(" AND ")}
      THEN struct_pack(attr_ord := s.change.attr_ord, n := s.change.n + (r.is_moved AND NOT r.is_created)::BIGINT)
      ELSE struct_pack(attr_ord := r.ord, n := s.change.n + (NOT r.is_created)::BIGINT) END)`;
}
