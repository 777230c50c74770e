import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";
import { seqOfOrdinal } from "./rows.ts";

/** Bytes of patches that are folded at once: bounds the lists in memory, however many patches one profile has. */
const bytesPerTurn = 32 * 1024 * 1024;

/** What a row weighs in memory beside its JSON. */
const rowBytes = 500;

const columns = [...profileTextColumns, ...profileJsonColumns];

/**
 * Folds the patches of profiles that have several (`ws_several`) into `ws_folded`: the final columns, and `attr_ord` of
 * the last patch that changed one (null: none did). `ws_fold_count` says how many rows of each entry changed a profile.
 *
 * Patches are taken in turns, in log order within a profile: a turn holds so many bytes of one entry's patches.
 */
export async function foldPatches(session: EngineSession): Promise<void> {
  for (const statement of prepare()) await session.run(statement);
  const turns = await session.rows("SELECT seq, turn FROM ws_turn GROUP BY ALL ORDER BY ALL");
  for (const { seq, turn } of turns) {
    await session.run(foldTurn(`seq = ${seq} AND turn = ${turn}`));
    await session.run("DELETE FROM ws_folded WHERE pnum IN (SELECT pnum FROM ws_fold_turn)");
    await session.run("INSERT INTO ws_folded SELECT * EXCLUDE (n) FROM ws_fold_turn");
    await session.run(`INSERT INTO ws_fold_count SELECT ${seq}, sum(n) FROM ws_fold_turn`);
  }
}

function prepare(): readonly string[] {
  const bytes = profileJsonColumns.map((column) => `coalesce(length("${column}"), 0)`).join(" + ");
  return [
    `CREATE OR REPLACE TEMP TABLE ws_folded AS
     SELECT p.pnum, ${columns.map((column) => `s."${column}"`).join(", ")}, NULL::BIGINT AS attr_ord
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

function foldTurn(where: string): string {
  const fields = columns.map((column) => `"${column}" := q."${column}"`);
  const start = columns.map((column) => `"${column}" := f."${column}"`);
  const text = (column: string) => `"${column}" := CASE WHEN r."${column}" IS NOT NULL THEN r."${column}"
      WHEN coalesce(list_contains(r.cleared, '${column}'), false) THEN NULL ELSE s."${column}" END`;
  const json = (column: string) => `"${column}" := ws_patched(s."${column}", r."${column}")`;
  const same = [
    ...profileTextColumns.map((column) => `n."${column}" IS NOT DISTINCT FROM s."${column}"`),
    ...profileJsonColumns.map((column) => `ws_unchanged(s."${column}", r."${column}", n."${column}")`),
  ];
  const next = columns.map((column) => `"${column}" := n."${column}"`);
  const kept = columns.map((column) => `"${column}" := s."${column}"`);
  const rest = "ord := r.ord, cleared := s.cleared, is_moved := false, is_created := false";
  // The inner list of one gives the patched columns a name, so that each patch is applied once and then compared.
  return `CREATE OR REPLACE TEMP TABLE ws_fold_turn AS
    SELECT pnum, ${columns.map((column) => `folded."${column}"`).join(", ")}, folded.attr_ord, folded.n FROM (
      SELECT pnum, list_reduce(list_prepend(first, rest), lambda s, r: list_transform(
          [struct_pack(${[...profileTextColumns.map(text), ...profileJsonColumns.map(json)].join(", ")})],
          lambda n: CASE WHEN ${same.join(" AND ")}
            THEN struct_pack(${kept.join(", ")}, ${rest}, attr_ord := s.attr_ord, n := s.n + (r.is_moved AND NOT r.is_created)::BIGINT)
            ELSE struct_pack(${next.join(", ")}, ${rest}, attr_ord := r.ord, n := s.n + (NOT r.is_created)::BIGINT) END)[1]) AS folded
      FROM (
        SELECT f.pnum, q.rest, struct_pack(${start.join(", ")}, ord := NULL::BIGINT, cleared := NULL::VARCHAR[], is_moved := false,
          is_created := false, attr_ord := f.attr_ord, n := 0::BIGINT) AS first
        FROM ws_folded f JOIN (
          SELECT q.pnum, list(struct_pack(${fields.join(", ")}, ord := q.ord, cleared := q.cleared, is_moved := t.is_moved,
            is_created := t.is_created, attr_ord := NULL::BIGINT, n := 0::BIGINT) ORDER BY q.ord) AS rest
          FROM ws_patch q JOIN (SELECT ord, is_moved, is_created FROM ws_turn WHERE ${where}) t ON t.ord = q.ord
          GROUP BY q.pnum) q USING (pnum)))`;
}
