import { join } from "node:path";
import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";
import {
  acceptedAt,
  firstDigit,
  newProfileId,
  type RowFile,
  readParquet,
  selectRows,
  seqOfOrdinal,
  strongestIdentifierOf,
} from "./rows.ts";
import { type PartFile, writeParts } from "./written-files.ts";

/** Where rows find their profile: the files of `ResolvedIdentities`. */
export interface RowOwners {
  readonly groups: string;
  readonly folded: string | null;
}

export interface PatchShuffle {
  readonly accountId: string;
  readonly rows: readonly RowFile[];
  readonly owners: RowOwners;
  /** Whether there are rows that make a profile and are all there is about it; and whether there are others. */
  readonly hasFresh: boolean;
  readonly hasOthers: boolean;
  readonly acceptedAtUs: ReadonlyMap<number, bigint>;
  readonly seq: number;
  readonly folder: string;
}

export interface ShuffledPatches {
  /** Change files of fresh profiles, by partition of the profile. */
  readonly fresh: readonly PartFile[];
  /** The other patches (`pnum`, `ord` and the patch), by partition of their profile. */
  readonly patches: readonly PartFile[];
}

/** Sends the profile patches of some intake files to the partitions of their profiles. Fresh profiles are written at once. */
export async function shufflePatches(session: EngineSession, request: PatchShuffle): Promise<ShuffledPatches> {
  const patch = [...profileTextColumns, ...profileJsonColumns, "cleared"].map((column) => `"${column}"`).join(", ");
  const { pnum, joins } = joinOwners(request.owners);
  const columns = `${strongestIdentifier} AS skey, external_id, email, phone_number, ${patch}`;
  const rows = `(${selectRows(request.rows, columns)}) r ${request.hasOthers ? joins : ""}`;
  const patches = request.hasOthers
    ? await writeParts(
        session,
        `SELECT ${pnum} AS pnum, r.ord, ${patch}, (${pnum} >> 36)::INTEGER AS part FROM ${rows} WHERE ${pnum} IS NOT NULL`,
        join(request.folder, "patches"),
      )
    : [];
  const freshRows = `SELECT r.* FROM ${rows} ${request.hasOthers ? `WHERE ${pnum} IS NULL` : ""}`;
  const fresh = request.hasFresh
    ? await writeParts(session, freshProfiles(request, freshRows), join(request.folder, "fresh"))
    : [];
  return { fresh, patches };
}

/** Full rows of profiles that one row says everything about. */
function freshProfiles(request: PatchShuffle, rows: string): string {
  const json = profileJsonColumns.map((column) => `nullif("${column}", '{}') AS "${column}"`).join(", ");
  const merged = profileJsonColumns.map((column) => `json_merge_patch('{}', "${column}")::VARCHAR AS "${column}"`);
  const texts = profileTextColumns.map((column) => `"${column}"`).join(", ");
  return `SELECT id, email, phone_number, external_id, ${texts}, ${json}, a.accepted_at AS created_at, a.accepted_at AS updated_at,
      NULL::TIMESTAMP AS last_event_at, ${request.seq}::BIGINT AS _seq, false AS _deleted, ${firstDigit("id")} AS part
    FROM (SELECT ${newProfileId(request.accountId, "ord")} AS id, * REPLACE (${merged.join(", ")}) FROM (${rows})) p
    JOIN ${acceptedAt(request.acceptedAtUs)} ON a.seq = ${seqOfOrdinal("p.ord")}`;
}

export const strongestIdentifier = strongestIdentifierOf("external_id", "email", "phone_number");

/** Joins rows `r` (with `skey` and `ord`) to their profiles; `pnum` and `id` are the expressions to select. */
export function joinOwners(owners: RowOwners): { pnum: string; id: string; joins: string } {
  const groups = `LEFT JOIN ${readParquet([owners.groups])} g ON g.skey = r.skey`;
  if (owners.folded === null) return { pnum: "g.pnum", id: "g.id", joins: groups };
  return {
    pnum: "coalesce(f.pnum, g.pnum)",
    id: "coalesce(f.id, g.id)",
    joins: `${groups} LEFT JOIN ${readParquet([owners.folded])} f ON f.ord = r.ord`,
  };
}
