import { join } from "node:path";
import type { EngineSession } from "../engine.ts";
import { foldTangles } from "./fold-tangles.ts";
import { groupRows, lookUpGroups, partGroups, plainOutcome } from "./identity-groups.ts";
import { firstDigit, type RowFile, selectRows, seqOfOrdinal, strongestIdentifierOf } from "./rows.ts";
import type { StateFiles } from "./state-files.ts";
import { type PartFile, scratchFile, type WrittenFile, writeFile, writeParts } from "./written-files.ts";

export interface IdentityRequest {
  readonly accountId: string;
  /** Rows of profile imports, and of event imports: each row exactly once. */
  readonly profileRows: readonly RowFile[];
  readonly eventRows: readonly RowFile[];
  readonly identityFiles: readonly string[];
  readonly profileFiles: readonly StateFiles[];
  /** `_seq` of the profile change that this round makes. */
  readonly seq: number;
  readonly folder: string;
}

/** Which profile every row of a round belongs to, and what becomes of the profiles' identifiers. */
export interface ResolvedIdentities {
  /** Rows that make a profile and are all there is about it, by entry: rows that neither `groups` nor `folded` knows. */
  readonly fresh: readonly { readonly seq: number; readonly rows: number }[];
  /** Strongest identifier of a row (`skey`) → `pnum`, `id`. */
  readonly groups: WrittenFile;
  /** Ordinals of rows that were folded → `pnum`, `id`; overrides `groups`. */
  readonly folded: WrittenFile | null;
  /** Every profile that a row belongs to or took something from, by first hex digit of its id. */
  readonly profiles: readonly PartFile[];
  /** Changes of the identity map (`key`, `profile`, `seq`), by first hex digit of the key. */
  readonly identities: readonly (PartFile & { readonly gained: number })[];
}

/**
 * Decides for every row which profile it belongs to, exactly as if the rows came one by one in log order: the holder of
 * its strongest known identifier, else a new profile; then all its identifiers are set on that profile.
 */
export async function resolveIdentities(
  session: EngineSession,
  request: IdentityRequest,
  signal: AbortSignal,
): Promise<ResolvedIdentities> {
  const source = [request.profileRows, request.eventRows]
    .filter((files) => files.length > 0)
    .map((files) => {
      const isEvent = files === request.eventRows;
      return selectRows(files, `external_id, email, phone_number, ${isEvent} AS is_event`);
    })
    .join(" UNION ALL ");
  const statements = [
    ...groupRows(source),
    ...lookUpGroups(request.identityFiles, request.profileFiles),
    ...partGroups(request.accountId),
  ];
  for (const statement of statements) await session.run(statement);
  const plain = plainOutcome();
  const fold = await foldTangles(session, request.accountId, source, signal);
  // A profile's number starts with the first byte of its id, so that ranges of numbers are ranges of ids.
  await session.run(`CREATE TEMP TABLE ws_profile AS
    SELECT *, ((${firstDigit("id")} * 16 + ${firstDigit("substr(id, 2)")})::BIGINT << 32) + row_number() OVER () AS pnum
    FROM (${plain.profiles}${fold ? ` UNION ALL ${fold.profiles}` : ""})`);
  await session.run(`CREATE TEMP TABLE ws_identity_change AS
    ${plain.identityChanges}${fold ? ` UNION ALL ${fold.identityChanges}` : ""}`);
  const fresh = await session.rows(
    `SELECT ${seqOfOrdinal("first_ord")} AS seq, count(*) AS n FROM ws_plain WHERE is_fresh GROUP BY 1 ORDER BY 1`,
  );
  return {
    fresh: fresh.map((row) => ({ seq: Number(row["seq"]), rows: Number(row["n"]) })),
    groups: await writeFile(
      session,
      `SELECT ${strongestIdentifierOf("x", "e", "p")} AS skey, pnum, id FROM (SELECT profile, x, e, p FROM ws_plain WHERE NOT is_fresh)
       JOIN (SELECT profile, pnum, id FROM ws_profile) USING (profile)`,
      await scratchFile(request.folder, "groups.parquet"),
    ),
    folded: fold
      ? await writeFile(
          session,
          `SELECT ord, pnum, id FROM (${fold.rows}) JOIN (SELECT id, pnum FROM ws_profile) USING (id)`,
          await scratchFile(request.folder, "folded.parquet"),
        )
      : null,
    profiles: await writeParts(
      session,
      `SELECT pnum, id, is_new, created_ord, x AS external_id, e AS email, p AS phone_number, id_ord, changed_ords,
         ${firstDigit("id")} AS part FROM ws_profile`,
      join(request.folder, "profiles"),
    ),
    identities: await writeIdentities(session, request),
  };
}

async function writeIdentities(
  session: EngineSession,
  request: IdentityRequest,
): Promise<ResolvedIdentities["identities"]> {
  const part = firstDigit("key::VARCHAR");
  const files = await writeParts(
    session,
    `SELECT key, profile, ${request.seq}::BIGINT AS seq, ${part} AS part FROM ws_identity_change`,
    join(request.folder, "identities"),
  );
  const lost = await session.rows(
    `SELECT ${part} AS part, sum(1 - gain)::INTEGER AS n FROM ws_identity_change WHERE gain <> 1 GROUP BY 1`,
  );
  const lostOf = new Map(lost.map((row) => [Number(row["part"]), Number(row["n"])]));
  return files.map((file) => ({ ...file, gained: file.rows - (lostOf.get(file.part) ?? 0) }));
}
