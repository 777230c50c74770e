import { identifierKey, newProfileId, readParquet } from "./rows.ts";
import { latestRows, type StateFiles } from "./state-files.ts";

/** Stands for "held by nobody" in the identity map. */
export const nobody = "'00000000-0000-0000-0000-000000000000'::UUID";

/**
 * Statements that group the rows `source` (external_id, email, phone_number, is_event, ord) by strongest identifier.
 * - `ws_tuple`: each distinct triple of identifiers, their keys, its first ordinal, and the key of its group.
 * - `ws_shared`: keys that occur in more than one group.
 * - `ws_group`: one row per group; `multi` where it has several values of a weaker kind.
 *
 * Narrow on purpose: only numbers are aggregated over all rows, texts only where a group has several triples.
 */
export function groupRows(source: string): readonly string[] {
  return [
    `CREATE TEMP TABLE ws_tuple AS SELECT *, ${identifierKey("external_id", "x")} AS kx, ${identifierKey("email", "e")} AS ke,
       ${identifierKey("phone_number", "p")} AS kp, coalesce(kx, ke, kp) AS gk
     FROM (SELECT external_id AS x, email AS e, phone_number AS p, min(ord) AS first_ord, count(*) AS n, bool_or(is_event) AS has_event
       FROM (${source}) GROUP BY external_id, email, phone_number)
     WHERE x IS NOT NULL OR e IS NOT NULL OR p IS NOT NULL`,
    `CREATE TEMP TABLE ws_shared AS SELECT key FROM (${eachKey("ws_tuple", "gk")}) GROUP BY key HAVING min(gk) <> max(gk)`,
    "CREATE TEMP TABLE ws_crowded AS SELECT gk FROM ws_tuple GROUP BY gk HAVING count(*) > 1",
    `CREATE TEMP VIEW ws_group AS
     SELECT gk, kx, ke, kp, x, e, p, first_ord, CASE WHEN ke IS NOT NULL THEN first_ord END AS e_ord,
       CASE WHEN kp IS NOT NULL THEN first_ord END AS p_ord, n, has_event, false AS multi
     FROM ws_tuple ANTI JOIN ws_crowded USING (gk)
     UNION ALL
     SELECT gk, any_value(kx), min(ke), min(kp), any_value(x), arg_min(e, first_ord), arg_min(p, first_ord), min(first_ord),
       min(first_ord) FILTER (ke IS NOT NULL), min(first_ord) FILTER (kp IS NOT NULL),
       sum(n), bool_or(has_event),
       coalesce(min(ke) <> max(ke), false) OR coalesce(min(kp) <> max(kp), false)
     FROM ws_tuple SEMI JOIN ws_crowded USING (gk) GROUP BY gk`,
  ];
}

/**
 * Statements that look the groups up in the state: `ws_known` (key → profile), `ws_current` (the identifiers of every
 * profile found), and `ws_held`, the groups with the holder of each of their identifiers.
 */
export function lookUpGroups(identityFiles: readonly string[], profileFiles: readonly StateFiles[]): readonly string[] {
  const known =
    identityFiles.length === 0
      ? "SELECT NULL::UUID AS key, NULL::UUID AS profile WHERE false"
      : `SELECT key, profile FROM (SELECT key, arg_max(profile, seq) AS profile FROM ${readParquet(identityFiles)}
         SEMI JOIN (${eachKey("ws_tuple")}) USING (key) GROUP BY key) WHERE profile <> ${nobody}`;
  return [
    `CREATE TEMP TABLE ws_known AS ${known}`,
    `CREATE TEMP TABLE ws_sought AS SELECT ${hexOf("profile")} AS id FROM (SELECT DISTINCT profile FROM ws_known)`,
    `CREATE TEMP TABLE ws_current AS SELECT id::UUID AS profile, id, external_id AS cx, email AS ce, phone_number AS cp
     FROM (${latestRows(profileFiles, ["external_id", "email", "phone_number"], "ws_sought")})`,
    `CREATE TEMP TABLE ws_held AS SELECT g.*, hx.profile AS px, he.profile AS pe, hp.profile AS pp,
       least(px, pe, pp) AS lo, greatest(px, pe, pp) AS hi,
       NOT multi AND coalesce(lo = hi, false) AND (kx IS NULL OR px IS NOT NULL) AND (ke IS NULL OR pe IS NOT NULL)
         AND (kp IS NULL OR pp IS NOT NULL) AS inert
     FROM ws_group g LEFT JOIN ws_known hx ON hx.key = g.kx LEFT JOIN ws_known he ON he.key = g.ke
       LEFT JOIN ws_known hp ON hp.key = g.kp`,
  ];
}

/**
 * Statements that part the groups: `ws_tangled` must be folded row by row, `ws_plain` are resolved as a set.
 *
 * A group is plain when nothing else can meddle with it. Either all it does is name one known profile (`inert`), and
 * so does every other group that touches that profile. Or it stands alone: its identifiers occur in no other group, at
 * most one value of each kind, what is known of them points to one profile that no other group touches, and if its
 * strongest identifier is new while a weaker one is known, its first row already says so. Tangled groups are thereby
 * closed: they share neither identifiers nor profiles with plain ones.
 *
 * Of the plain groups, those of a single row that makes a profile are `is_fresh`: that row says all there is to say.
 */
export function partGroups(accountId: string): readonly string[] {
  const strongestHolder = "CASE WHEN kx IS NOT NULL THEN px WHEN ke IS NOT NULL THEN pe ELSE pp END";
  return [
    `CREATE TEMP TABLE ws_touch AS SELECT DISTINCT gk, profile FROM (${eachKey("ws_tuple", "gk")}) JOIN ws_known USING (key)`,
    `CREATE TEMP TABLE ws_contested AS SELECT profile FROM ws_touch JOIN ws_held USING (gk)
     GROUP BY profile HAVING count(*) > 1 AND NOT bool_and(inert)`,
    `CREATE TEMP TABLE ws_tangled AS SELECT gk FROM ws_held WHERE
       gk IN (SELECT gk FROM ws_touch SEMI JOIN ws_contested USING (profile))
       OR (NOT inert AND (multi OR coalesce(lo <> hi, false)
         OR ${["kx", "ke", "kp"].map((k) => isIn(k, "SELECT key FROM ws_shared")).join(" OR ")}
         OR (lo IS NOT NULL AND ${strongestHolder} IS NULL AND NOT (coalesce(pe IS NOT NULL AND e_ord = first_ord, false)
           OR coalesce(pp IS NOT NULL AND p_ord = first_ord, false)))))`,
    `CREATE TEMP TABLE ws_plain AS SELECT *, lo IS NULL AS is_new, lo IS NULL AND n = 1 AND NOT has_event AS is_fresh,
       coalesce(lo, ${newProfileId(accountId, "first_ord")}::UUID) AS profile
     FROM ws_held ANTI JOIN ws_tangled USING (gk)`,
  ];
}

/** What the plain groups come to: rows of `ws_profile` (fresh ones left out) and of `ws_identity_change`, as queries. */
export function plainOutcome(): { readonly profiles: string; readonly identityChanges: string } {
  const sets = [
    ["kx", "px", "first_ord", "x", "cx", "external_id"],
    ["ke", "pe", "e_ord", "e", "ce", "email"],
    ["kp", "pp", "p_ord", "p", "cp", "phone_number"],
  ] as const;
  const setOrdinals = sets.map(([k, p, ord]) => `CASE WHEN ${k} IS NOT NULL AND ${p} IS NULL THEN ${ord} END`);
  const values = sets.map(([, , , value, current]) => `coalesce(${value}, ${current}) AS ${value}`);
  const profiles = `SELECT profile, CASE WHEN is_new THEN ${hexOf("profile")} ELSE id END AS id, is_new, CASE WHEN is_new THEN first_ord END AS created_ord, ${values.join(", ")},
      greatest(${setOrdinals.join(", ")}) AS id_ord,
      CASE WHEN is_new AND coalesce(e_ord, first_ord) = first_ord AND coalesce(p_ord, first_ord) = first_ord THEN []::BIGINT[]
        ELSE list_distinct(list_filter([${setOrdinals.join(", ")}],
          lambda o: o IS NOT NULL AND NOT (is_new AND o = first_ord))) END AS changed_ords
    FROM ws_plain LEFT JOIN ws_current USING (profile) WHERE NOT inert AND NOT is_fresh
    UNION ALL
    SELECT profile, id, false, NULL, cx, ce, cp, NULL, []::BIGINT[]
    FROM (SELECT DISTINCT profile FROM ws_plain WHERE inert) JOIN ws_current USING (profile)`;
  const gained = sets.map(
    ([k, p]) => `SELECT ${k} AS key, profile, 1 AS gain FROM ws_plain WHERE ${k} IS NOT NULL AND ${p} IS NULL`,
  );
  const released = sets.map(
    ([k, p, , , current, kind]) => `SELECT ${identifierKey(kind, current)}, ${nobody}, -1
      FROM ws_plain JOIN ws_current USING (profile) WHERE ${k} IS NOT NULL AND ${p} IS NULL AND ${current} IS NOT NULL`,
  );
  return { profiles, identityChanges: [...gained, ...released].join(" UNION ALL ") };
}

/** The three keys of each row of a table, one below the other. */
export function eachKey(table: string, more?: string): string {
  const columns = more === undefined ? "" : `, ${more}`;
  return ["kx", "ke", "kp"]
    .map((key) => `SELECT ${key} AS key${columns} FROM ${table} WHERE ${key} IS NOT NULL`)
    .join(" UNION ALL ");
}

/** A profile's id as text, from its UUID. */
export function hexOf(uuid: string): string {
  return `replace(${uuid}::VARCHAR, '-', '')`;
}

function isIn(column: string, query: string): string {
  return `coalesce(${column} IN (${query}), false)`;
}
