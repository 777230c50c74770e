import { join } from "node:path";
import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";
import { jsonMacros } from "./canonical-json.ts";
import { foldPatches } from "./fold-patches.ts";
import { acceptedAt, readParquet, seqOfOrdinal } from "./rows.ts";
import { latestRows, type StateFiles } from "./state-files.ts";
import { type PartFile, writeParts } from "./written-files.ts";

export interface MergeRequest {
  /** Of the partitions at hand: files of `ResolvedIdentities.profiles`, of `shufflePatches`, and of the state. */
  readonly profiles: readonly string[];
  readonly patches: readonly string[];
  readonly state: readonly StateFiles[];
  /** All files of `ShuffledEvents.ids`, and the exceptions among them; none where no event was accepted. */
  readonly events: readonly string[];
  readonly exceptions: readonly string[];
  /** The entries of the round: when each was accepted, in microseconds since the epoch. */
  readonly acceptedAtUs: ReadonlyMap<number, bigint>;
  readonly seq: number;
  readonly folder: string;
}

/** How many rows of an entry's profile patches made or changed a profile. */
export interface PatchCount {
  readonly seq: number;
  readonly created: number;
  readonly changed: number;
}

export interface MergedProfiles {
  /** Changed full rows by partition. `created` of them are new profiles. */
  readonly files: readonly (PartFile & { readonly created: number })[];
  readonly counts: readonly PatchCount[];
}

const patchColumns = [...profileTextColumns, ...profileJsonColumns];

/** Folds the patches of some partitions into their profiles, in log order, and writes the full rows of those that changed. */
export async function mergeProfiles(session: EngineSession, request: MergeRequest): Promise<MergedProfiles> {
  for (const statement of [...jsonMacros, ...gather(request)]) await session.run(statement);
  await foldPatches(session);
  // Without patches the rows are read once only, so that they need not be kept.
  const kind = request.patches.length > 0 ? "TABLE" : "VIEW";
  await session.run(`CREATE OR REPLACE TEMP ${kind} ws_merged AS ${mergeRows(request)}`);
  const created = await session.rows(
    "SELECT (pnum >> 36)::INTEGER AS part, count(*)::INTEGER AS n FROM ws_person WHERE is_new GROUP BY 1",
  );
  const createdOf = new Map(created.map((row) => [Number(row["part"]), Number(row["n"])]));
  const files = await writeParts(
    session,
    `SELECT ${changeColumns.map((column) => `"${column}"`).join(", ")}, part FROM ws_merged WHERE is_changed`,
    join(request.folder, "changes"),
  );
  return {
    files: files.map((file) => ({ ...file, created: createdOf.get(file.part) ?? 0 })),
    counts: request.patches.length > 0 ? await countRows(session) : [],
  };
}

const changeColumns = [
  ...["id", "email", "phone_number", "external_id"],
  ...patchColumns,
  ...["created_at", "updated_at", "last_event_at", "_seq", "_deleted"],
];

/** Tables of what there is to merge: `ws_person`, `ws_patch` with only patches of profiles that have one, `ws_state`. */
function gather(request: MergeRequest): readonly string[] {
  const stateColumns = [...patchColumns, "created_at", "updated_at", "last_event_at"];
  const patches =
    request.patches.length > 0
      ? `SELECT * FROM ${readParquet(request.patches)}`
      : `SELECT NULL::BIGINT AS pnum, NULL::BIGINT AS ord, ${patchColumns.map((c) => `NULL::VARCHAR AS "${c}"`).join(", ")},
           NULL::VARCHAR[] AS cleared WHERE false`;
  return [
    `CREATE OR REPLACE TEMP TABLE ws_accepted AS SELECT * FROM ${acceptedAt(request.acceptedAtUs)}`,
    `CREATE OR REPLACE TEMP TABLE ws_person AS SELECT * FROM ${readParquet(request.profiles)}`,
    `CREATE OR REPLACE TEMP VIEW ws_patch AS ${patches}`,
    "CREATE OR REPLACE TEMP TABLE ws_several AS SELECT pnum FROM ws_patch GROUP BY pnum HAVING count(*) > 1",
    `CREATE OR REPLACE TEMP TABLE ws_state AS ${latestRows(request.state, stateColumns, "(SELECT id FROM ws_person WHERE NOT is_new)")}`,
  ];
}

/** Joins profile, state, patch (the only one, or what several came to) and newest event into `ws_merged`. */
function mergeRows(request: MergeRequest): string {
  const text = (
    column: string,
  ) => `CASE WHEN f.pnum IS NOT NULL THEN f."${column}" WHEN q."${column}" IS NOT NULL THEN q."${column}"
      WHEN coalesce(list_contains(q.cleared, '${column}'), false) THEN NULL ELSE s."${column}" END AS "${column}"`;
  const json = (column: string) =>
    `CASE WHEN f.pnum IS NOT NULL THEN f."${column}" WHEN q."${column}" IS NULL THEN s."${column}" ELSE json_merge_patch(coalesce(s."${column}", '{}'), q."${column}")::VARCHAR END AS "${column}"`;
  const old = [
    ...patchColumns.map((column) => `s."${column}" AS "old_${column}"`),
    ...profileJsonColumns.map((column) => `q."${column}" AS "patch_${column}"`),
  ];
  const changes = [
    ...profileTextColumns.map((column) => `"${column}" IS DISTINCT FROM "old_${column}"`),
    ...profileJsonColumns.map(
      (column) => `NOT ws_unchanged("old_${column}", "patch_${column}", nullif("${column}", '{}'))`,
    ),
  ];
  const kept = profileJsonColumns.map(
    (column) => `CASE WHEN attr_ord IS NULL THEN "old_${column}" ELSE "${column}" END AS "${column}"`,
  );
  const emptied = profileJsonColumns.map((column) => `nullif("${column}", '{}') AS "${column}"`);
  const spent = [
    ...patchColumns.map((column) => `"old_${column}"`),
    ...profileJsonColumns.flatMap((column) => [`"patch_${column}"`, `"${column}"`]),
  ];
  const last = request.events.length === 0 ? noEvents : lastEvents(request);
  return `SELECT * EXCLUDE (created, updated, old_last_event), ${request.seq}::BIGINT AS _seq, false AS _deleted,
      coalesce(created, made.accepted_at) AS created_at, coalesce(latest.accepted_at, updated) AS updated_at,
      greatest(old_last_event, new_last_event) AS last_event_at,
      is_new OR touched_ord IS NOT NULL OR coalesce(new_last_event > old_last_event, new_last_event IS NOT NULL) AS is_changed
    FROM (
      SELECT * EXCLUDE (${spent.join(", ")}),
        ${kept.join(", ")}, greatest(attr_ord, id_ord) AS touched_ord
      FROM (
        SELECT * REPLACE (${emptied.join(", ")}), CASE WHEN is_folded THEN fold_ord WHEN only_ord IS NOT NULL AND (${changes.join(" OR ")}) THEN only_ord END AS attr_ord
        FROM (
          SELECT p.pnum, p.id, (p.pnum >> 36)::INTEGER AS part, p.is_new, p.created_ord, p.id_ord, p.changed_ords, p.external_id, p.email,
            p.phone_number, ${[...profileTextColumns.map(text), ...profileJsonColumns.map(json), ...old].join(", ")},
            f.pnum IS NOT NULL AS is_folded, f.attr_ord AS fold_ord, q.ord AS only_ord,
            s.created_at AS created, s.updated_at AS updated, s.last_event_at AS old_last_event, l.event_at AS new_last_event
          FROM ws_person p LEFT JOIN ws_state s ON s.id = p.id
            LEFT JOIN (SELECT * FROM ws_patch ANTI JOIN ws_several USING (pnum)) q ON q.pnum = p.pnum
            LEFT JOIN ws_folded f ON f.pnum = p.pnum LEFT JOIN (${last}) l ON l.pnum = p.pnum)))
    LEFT JOIN ws_accepted made ON made.seq = ${seqOfOrdinal("created_ord")}
    LEFT JOIN ws_accepted latest ON latest.seq = ${seqOfOrdinal("touched_ord")}`;
}

const noEvents = "SELECT NULL::BIGINT AS pnum, NULL::TIMESTAMP AS event_at WHERE false";

function lastEvents({ events, exceptions }: MergeRequest): string {
  const dropped =
    exceptions.length === 0
      ? ""
      : `ANTI JOIN (${`SELECT ord FROM ${readParquet(exceptions)} WHERE id IS NULL`}) USING (ord)`;
  return `SELECT pnum, max(event_at) AS event_at FROM ${readParquet(events)} ${dropped}
    WHERE pnum BETWEEN (SELECT min(pnum) FROM ws_person) AND (SELECT max(pnum) FROM ws_person) GROUP BY pnum`;
}

/** Rows by entry: those that made a profile, and those that changed its identifiers or attributes. */
async function countRows(session: EngineSession): Promise<readonly PatchCount[]> {
  const rows = await session.rows(`
    SELECT seq, sum(created)::INTEGER AS created, sum(changed)::INTEGER AS changed FROM (
      SELECT ${seqOfOrdinal("created_ord")} AS seq, count(*) AS created, 0 AS changed FROM ws_merged WHERE is_new GROUP BY 1
      UNION ALL
      SELECT ${seqOfOrdinal("only_ord")}, 0, count(*) FROM ws_merged WHERE only_ord IS DISTINCT FROM created_ord
        AND only_ord IS NOT NULL AND (attr_ord IS NOT NULL OR list_contains(changed_ords, only_ord)) GROUP BY 1
      UNION ALL
      SELECT seq, 0, n FROM ws_fold_count)
    GROUP BY seq`);
  return rows.map((row) => ({
    seq: Number(row["seq"]),
    created: Number(row["created"]),
    changed: Number(row["changed"]),
  }));
}
