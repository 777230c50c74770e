import { SyncError } from "../../model/errors.ts";
import type { SqlDialect } from "../sql/dialect.ts";
import { quoteIdentifier } from "../sql/identifiers.ts";
import type { SqlStatement } from "../sql/receipts.ts";

/** https://docs.aws.amazon.com/redshift/latest/dg/r_names.html */
const nameBytesMax = 127;

/** A name as Redshift quotes it; it folds quoted names to lower case too. Throws `NAME_INVALID`. */
export function quote(name: string): string {
  return quoteIdentifier(name, nameBytesMax);
}

/**
 * Types are spelt as `typeName` puts `svv_columns` together. No table has keys: Redshift enforces none, and its planner
 * believes in those that are declared. Instants are plain timestamps in UTC, so that no session's zone shifts them.
 */
export function redshiftDialect(schema: string): SqlDialect {
  return {
    types: {
      text: "character varying(65535)",
      json: "super",
      instant: "timestamp without time zone",
      int64: "bigint",
      decimal: "numeric(38,9)",
      bool: "boolean",
    },
    nameBytesMax,
    keyedTables: [],
    tableOptions: {
      profile: ' DISTKEY ("id")',
      // Batches look for their events by time: blocks outside of the range are not read.
      event: ' DISTKEY ("id") SORTKEY ("event_at")',
      metric: " DISTSTYLE ALL",
      sync_receipt: " DISTSTYLE ALL",
    },
    qualifier: `${quote(schema)}.`,
    epochMs: (expression) => `DATEDIFF(ms, TIMESTAMP '1970-01-01 00:00:00', ${expression})`,
    now: "GETDATE()",
    /** Only the length of VARCHAR can be altered: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html */
    retypeColumn: (table, column, type) => {
      const kept = quote(`_ws_${column}`);
      return [
        `ALTER TABLE ${table} ADD COLUMN ${kept} ${type};`,
        `UPDATE ${table} SET ${kept} = ${quote(column)};`,
        `ALTER TABLE ${table} DROP COLUMN ${quote(column)};`,
        `ALTER TABLE ${table} RENAME COLUMN ${kept} TO ${quote(column)};`,
      ].join("\n");
    },
    allowNull: (table, column) =>
      `-- Redshift cannot lift NOT NULL: make ${table} anew with ${quote(column)} nullable, or choose another table prefix.`,
  };
}

/** A column of `svv_columns`, with what its type is limited to. */
export function typeName(row: Readonly<Record<string, unknown>>): string {
  const type = String(row["data_type"]).toLowerCase();
  if (type === "character varying") return `${type}(${row["character_maximum_length"]})`;
  if (type === "numeric") return `${type}(${row["numeric_precision"]},${row["numeric_scale"]})`;
  return type;
}

/** Every control character, and halves of surrogate pairs. */
const unusable = /[\p{Cc}\p{Cs}]/u;

/**
 * A value as an SQL literal. Redshift takes backslashes in strings for escapes; doubled, they end no string whatever the
 * server makes of them. Throws `NAME_INVALID` on control characters.
 */
export function literal(value: string | number): string {
  if (typeof value === "number") {
    if (Number.isFinite(value)) return String(value);
    throw new SyncError("INVARIANT_BROKEN", { message: `${value} is no SQL number` });
  }
  if (unusable.test(value)) {
    throw new SyncError("NAME_INVALID", { message: `${JSON.stringify(value)} holds a control character` });
  }
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** A statement as one text: COPY and LOCK take no parameters, and batches of the Data API none either. */
export function inlined({ sql, values }: SqlStatement): string {
  return sql.replaceAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)/g, (found, number: string | undefined) => {
    if (number === undefined) return found;
    const value = values[Number(number) - 1];
    if (value === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `${found} has no value` });
    return literal(value);
  });
}
