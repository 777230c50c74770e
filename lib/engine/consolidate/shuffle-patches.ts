import { profileJsonColumns, profileTextColumns } from "../../model/intake.ts";
import type { EngineSession } from "../engine.ts";
import { type RowFile, readParquet, selectRows, strongestIdentifierOf } from "./rows.ts";
import { type PartFile, writeParts } from "./written-files.ts";

/** Where rows find their profile: the files of `ResolvedIdentities`. */
export interface RowOwners {
  readonly groups: string;
  readonly folded: string | null;
}

/** Sends the profile patches of some intake files to the partitions of their profiles: `pnum`, `ord` and the patch. */
export async function shufflePatches(
  session: EngineSession,
  request: { readonly rows: readonly RowFile[]; readonly owners: RowOwners; readonly folder: string },
): Promise<readonly PartFile[]> {
  const patch = [...profileTextColumns, ...profileJsonColumns, "cleared"].map((column) => `"${column}"`).join(", ");
  const rows = selectRows(request.rows, `${strongestIdentifier} AS skey, ${patch}`);
  const { pnum, joins } = joinOwners(request.owners);
  return writeParts(
    session,
    `SELECT ${pnum} AS pnum, r.ord, ${patch}, (${pnum} >> 36)::INTEGER AS part FROM (${rows}) r ${joins}`,
    request.folder,
  );
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
