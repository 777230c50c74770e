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
  /** Accepted events by entry. */
  readonly accepted: readonly { readonly seq: number; readonly rows: number }[];
}

/**
 * Decides which events of some partitions are new. The first accepted wins, over all time. Equal rows of one entry
 * without `unique_id` are told apart by their ordinal among each other, so that both count, while the same file again adds nothing.
 */
export async function indexEvents(session: EngineSession, request: IndexRequest): Promise<IndexedEvents> {
  await session.run(`CREATE OR REPLACE TEMP VIEW ws_id AS SELECT * FROM ${readParquet(request.ids)}`);
  const hasTwins = await tellTwinsApart(session);
  const hasKnown = await findKnown(session, request.index);
  await session.run(`CREATE OR REPLACE TEMP VIEW ws_new AS SELECT * FROM ws_candidate
    ${hasKnown ? "ANTI JOIN ws_known_event USING (hi, lo)" : ""}`);
  const runs = await writeParts(
    session,
    "SELECT hi, lo, (hi >> 60)::INTEGER AS part FROM ws_new",
    join(request.folder, "runs"),
  );
  const accepted = await session.rows(
    `SELECT ${seqOfOrdinal("ord")} AS seq, count(*) AS n FROM ws_new GROUP BY 1 ORDER BY 1`,
  );
  return {
    runs,
    exceptions: hasTwins || hasKnown ? await writeExceptions(session, request.folder) : null,
    accepted: accepted.map((row) => ({ seq: Number(row["seq"]), rows: Number(row["n"]) })),
  };
}

/** Makes `ws_candidate`: each id once, with the first row that has it. Answers whether any two rows had the same. */
async function tellTwinsApart(session: EngineSession): Promise<boolean> {
  await session.run(
    "CREATE OR REPLACE TEMP TABLE ws_twin AS SELECT hi, lo FROM ws_id GROUP BY hi, lo HAVING count(*) > 1",
  );
  // The n-th equal row keeps the first hex digit, and so the partition, of the first.
  const hex = "format('{:016x}{:016x}', hi, lo)";
  const renamed = `substr(${hex}, 1, 1) || substr(md5(${hex} || '|' || nth), 2)`;
  const statements = [
    `CREATE OR REPLACE TEMP TABLE ws_nth AS SELECT *, CASE WHEN is_keyed THEN 1 ELSE
       row_number() OVER (PARTITION BY hi, lo, ${seqOfOrdinal("ord")} ORDER BY ord) END AS nth FROM ws_id SEMI JOIN ws_twin USING (hi, lo)`,
    `CREATE OR REPLACE TEMP TABLE ws_renamed AS SELECT ord, id, ('0x' || id[1:16])::UBIGINT AS hi, ('0x' || id[17:32])::UBIGINT AS lo
     FROM (SELECT ord, ${renamed} AS id FROM ws_nth WHERE nth > 1)`,
  ];
  for (const statement of statements) await session.run(statement);
  const [count] = await session.rows("SELECT count(*)::INTEGER AS n FROM ws_nth");
  const single = "SELECT hi, lo, ord FROM ws_id";
  const firsts = `SELECT hi, lo, min(ord) AS ord FROM (
    SELECT hi, lo, ord FROM ws_nth WHERE nth = 1 UNION ALL SELECT hi, lo, ord FROM ws_renamed) GROUP BY hi, lo`;
  const hasTwins = count?.["n"] !== 0;
  await session.run(
    hasTwins
      ? `CREATE OR REPLACE TEMP TABLE ws_candidate AS ${single} ANTI JOIN ws_twin USING (hi, lo) UNION ALL ${firsts}`
      : `CREATE OR REPLACE TEMP VIEW ws_candidate AS ${single}`,
  );
  return hasTwins;
}

/** Makes `ws_known_event`: the candidates that the index holds already. Answers whether there are any. */
async function findKnown(session: EngineSession, index: readonly string[]): Promise<boolean> {
  if (index.length === 0) return false;
  await session.run(`CREATE OR REPLACE TEMP TABLE ws_known_event AS
    SELECT hi, lo FROM ${readParquet(index)} SEMI JOIN ws_candidate USING (hi, lo)`);
  const [count] = await session.rows("SELECT count(*)::INTEGER AS n FROM ws_known_event");
  return count?.["n"] !== 0;
}

async function writeExceptions(session: EngineSession, folder: string): Promise<WrittenFile | null> {
  const exceptions = await writeFile(
    session,
    `SELECT ord, id FROM ws_renamed SEMI JOIN ws_new USING (ord)
     UNION ALL SELECT ord, NULL FROM ws_id ANTI JOIN ws_new USING (ord)`,
    await scratchFile(folder, "exceptions.parquet"),
  );
  return exceptions.rows > 0 ? exceptions : null;
}
