import { join } from "node:path";
import type { EngineSession } from "../engine.ts";
import { readParquet, seqOfOrdinal } from "./rows.ts";
import { type PartFile, scratchFile, type WrittenFile, writeFile, writeParts } from "./written-files.ts";

export interface IndexRequest {
  /** Ids of the round's events in some partitions (files of `ShuffledEvents.ids`), and these partitions' index. */
  readonly ids: readonly string[];
  readonly index: readonly string[];
  readonly folder: string;
}

export interface IndexedEvents {
  /** The new ids (`hi`, `lo`) by partition: runs for the index. */
  readonly runs: readonly PartFile[];
  /** `ord` → `id`: rows that get another id, or none (null) because their event is there already. Null when there are none. */
  readonly exceptions: WrittenFile | null;
  /** `pnum` → `event_at` of its newest accepted event, sorted by `pnum`. */
  readonly lastEvents: WrittenFile | null;
  /** Accepted events by entry. */
  readonly accepted: readonly { readonly seq: number; readonly rows: number }[];
}

/**
 * Decides which events of some partitions are new. The first accepted wins, over all time. Equal rows of one entry
 * without `unique_id` are told apart by their ordinal among each other, so that both count, while the same file again adds nothing.
 */
export async function indexEvents(session: EngineSession, request: IndexRequest): Promise<IndexedEvents> {
  for (const statement of findNew(request)) await session.run(statement);
  const runs = await writeParts(
    session,
    "SELECT hi, lo, (hi >> 60)::INTEGER AS part FROM ws_new",
    join(request.folder, "runs"),
  );
  const exceptions = await writeFile(
    session,
    `SELECT ord, id FROM ws_renamed SEMI JOIN ws_new USING (ord)
     UNION ALL SELECT ord, NULL FROM ws_id ANTI JOIN ws_new USING (ord)`,
    await scratchFile(request.folder, "exceptions.parquet"),
  );
  const lastEvents = await writeFile(
    session,
    "SELECT pnum, max(event_at) AS event_at FROM ws_new GROUP BY pnum ORDER BY pnum",
    await scratchFile(request.folder, "last-events.parquet"),
  );
  const accepted = await session.rows(
    `SELECT ${seqOfOrdinal("ord")} AS seq, count(*) AS n FROM ws_new GROUP BY 1 ORDER BY 1`,
  );
  return {
    runs,
    exceptions: exceptions.rows > 0 ? exceptions : null,
    lastEvents: lastEvents.rows > 0 ? lastEvents : null,
    accepted: accepted.map((row) => ({ seq: Number(row["seq"]), rows: Number(row["n"]) })),
  };
}

function findNew(request: IndexRequest): readonly string[] {
  // The n-th equal row keeps the first hex digit, and so the partition, of the first.
  const hex = (half: string) => `lpad(lower(to_hex(${half})), 16, '0')`;
  const renamed = `${hex("hi")}[1] || md5(${hex("hi")} || ${hex("lo")} || '|' || nth)[2:]`;
  const known =
    request.index.length === 0
      ? "SELECT NULL::UBIGINT AS hi, NULL::UBIGINT AS lo WHERE false"
      : `SELECT DISTINCT hi, lo FROM ${readParquet(request.index)} SEMI JOIN ws_candidate USING (hi, lo)`;
  return [
    `CREATE OR REPLACE TEMP TABLE ws_id AS SELECT * FROM ${readParquet(request.ids)}`,
    "CREATE OR REPLACE TEMP TABLE ws_twin AS SELECT hi, lo FROM ws_id GROUP BY hi, lo HAVING count(*) > 1",
    `CREATE OR REPLACE TEMP TABLE ws_nth AS SELECT *, CASE WHEN is_keyed THEN 1 ELSE
       row_number() OVER (PARTITION BY hi, lo, ${seqOfOrdinal("ord")} ORDER BY ord) END AS nth FROM ws_id SEMI JOIN ws_twin USING (hi, lo)`,
    `CREATE OR REPLACE TEMP TABLE ws_renamed AS SELECT ord, id, ('0x' || id[1:16])::UBIGINT AS hi, ('0x' || id[17:32])::UBIGINT AS lo
     FROM (SELECT ord, ${renamed} AS id FROM ws_nth WHERE nth > 1)`,
    `CREATE OR REPLACE TEMP TABLE ws_candidate AS
     SELECT hi, lo, ord, pnum, event_at FROM ws_id ANTI JOIN ws_twin USING (hi, lo)
     UNION ALL
     SELECT hi, lo, min(ord), arg_min(pnum, ord), arg_min(event_at, ord) FROM (
       SELECT hi, lo, ord, pnum, event_at FROM ws_nth WHERE nth = 1
       UNION ALL SELECT r.hi, r.lo, ord, n.pnum, n.event_at FROM ws_renamed r JOIN ws_nth n USING (ord)) GROUP BY hi, lo`,
    `CREATE OR REPLACE TEMP TABLE ws_known_event AS ${known}`,
    "CREATE OR REPLACE TEMP TABLE ws_new AS SELECT * FROM ws_candidate ANTI JOIN ws_known_event USING (hi, lo)",
  ];
}
