import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";

/** Patches of one profile that are folded at once: bounds the lists in memory when one profile has a million. */
const patchesPerRoundMax = 256;

const columns = [...profileTextColumns, ...profileJsonColumns];

/**
 * Folds the patches of profiles that have several (`ws_several`) into `ws_folded`: the final columns, `attr_ord` of the
 * last patch that changed something (null: none did), and `ords` of all that did.
 */
export async function foldPatches(session: EngineSession): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP TABLE ws_folded AS
    SELECT p.pnum, ${columns.map((column) => `s."${column}"`).join(", ")}, NULL::BIGINT AS attr_ord, []::BIGINT[] AS ords
    FROM ws_several JOIN ws_person p USING (pnum) LEFT JOIN ws_state s ON s.id = p.id`);
  await session.run(`CREATE OR REPLACE TEMP TABLE ws_turn AS
    SELECT pnum, ord, ((row_number() OVER (PARTITION BY pnum ORDER BY ord) - 1) // ${patchesPerRoundMax})::INTEGER AS round
    FROM (SELECT pnum, ord FROM ws_patch SEMI JOIN ws_several USING (pnum))`);
  const [last] = await session.rows("SELECT max(round) AS round FROM ws_turn");
  const rounds = last?.["round"] === null ? 0 : Number(last?.["round"]) + 1;
  for (let round = 0; round < rounds; round++) {
    await session.run(foldRound(round));
    await session.run("DELETE FROM ws_folded WHERE pnum IN (SELECT pnum FROM ws_fold_round)");
    await session.run("INSERT INTO ws_folded SELECT * FROM ws_fold_round");
  }
}

function foldRound(round: number): string {
  const fields = [...columns.map((column) => `"${column}" := q."${column}"`), "ord := q.ord", "cleared := q.cleared"];
  const start = columns.map((column) => `"${column}" := f."${column}"`);
  const text = (column: string) => `"${column}" := CASE WHEN r."${column}" IS NOT NULL THEN r."${column}"
      WHEN coalesce(list_contains(r.cleared, '${column}'), false) THEN NULL ELSE s."${column}" END`;
  const json = (column: string) => `"${column}" := ws_patched(s."${column}", r."${column}")`;
  const same = [
    ...profileTextColumns.map((column) => `n."${column}" IS NOT DISTINCT FROM s."${column}"`),
    ...profileJsonColumns.map((column) => `ws_unchanged(s."${column}", r."${column}", n."${column}")`),
  ];
  const next = columns.map((column) => `"${column}" := n."${column}"`);
  // The inner list of one gives the patched columns a name, so that each patch is applied once and then compared.
  return `CREATE OR REPLACE TEMP TABLE ws_fold_round AS
    SELECT pnum, ${columns.map((column) => `folded."${column}"`).join(", ")}, folded.attr_ord, folded.ords FROM (
      SELECT pnum, list_reduce(list_prepend(first, rest), lambda s, r: list_transform(
          [struct_pack(${[...profileTextColumns.map(text), ...profileJsonColumns.map(json)].join(", ")})],
          lambda n: CASE WHEN ${same.join(" AND ")} THEN s
            ELSE struct_pack(${next.join(", ")}, ord := s.ord, cleared := s.cleared, attr_ord := r.ord, ords := list_append(s.ords, r.ord)) END)[1]) AS folded
      FROM (
        SELECT f.pnum, struct_pack(${start.join(", ")}, ord := NULL::BIGINT, cleared := NULL::VARCHAR[], attr_ord := f.attr_ord, ords := f.ords) AS first,
          q.rest FROM ws_folded f JOIN (
          SELECT pnum, list(struct_pack(${fields.join(", ")}, attr_ord := NULL::BIGINT, ords := NULL::BIGINT[]) ORDER BY ord) AS rest
          FROM ws_patch q SEMI JOIN (SELECT ord FROM ws_turn WHERE round = ${round}) USING (ord) GROUP BY pnum) q USING (pnum)))`;
}
