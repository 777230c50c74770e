import { warehouseTables } from "../../model/tables.ts";
import { readParquet } from "./rows.ts";

/** Local copies of one state partition's files. Later deltas override earlier ones, and the base. */
export interface StateFiles {
  readonly base: string | null;
  readonly deltas: readonly string[];
}

const instants = new Set(
  warehouseTables.profile.filter((column) => column.type === "instant").map((column) => column.name),
);

/**
 * A query for the current rows (`id`, the columns, `_seq`) of the profiles that the table `sought` (column `id`) names.
 * The newest row of an id is found on narrow columns first: wide rows never enter an aggregate.
 */
export function latestRows(partitions: readonly StateFiles[], columns: readonly string[], sought: string): string {
  const selected = ["id", "_seq", ...columns].map((column) => `"${column}"`).join(", ");
  const bases = partitions.flatMap((files) => (files.base === null ? [] : [files.base]));
  const deltas = partitions.flatMap((files) => files.deltas);
  const parts: string[] = [];
  const winners = `SELECT id, max(_seq) AS _seq FROM ${readParquet(deltas)} SEMI JOIN ${sought} USING (id) GROUP BY id`;
  if (deltas.length > 0) {
    parts.push(`SELECT ${selected} FROM ${readParquet(deltas)} SEMI JOIN (${winners}) USING (id, _seq)`);
  }
  if (bases.length > 0) {
    const overridden = deltas.length === 0 ? "" : ` ANTI JOIN (${winners}) USING (id)`;
    parts.push(`SELECT ${selected} FROM ${readParquet(bases)} SEMI JOIN ${sought} USING (id)${overridden}`);
  }
  if (parts.length > 0) return parts.join(" UNION ALL ");
  const nothing = columns.map((column) => `NULL::${instants.has(column) ? "TIMESTAMP" : "VARCHAR"} AS "${column}"`);
  return `SELECT NULL::VARCHAR AS id, NULL::BIGINT AS _seq, ${nothing.join(", ")} WHERE false`;
}
