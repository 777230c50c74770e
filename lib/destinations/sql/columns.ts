import { SyncError } from "../../model/errors.ts";
import { type TableName, warehouseTables } from "../../model/tables.ts";
import { CheckFailure } from "../check-steps.ts";
import { bareName, createTable, type SqlDialect, tableNames, tableRef } from "./dialect.ts";

/** A column as the engine's catalogue tells it; `type` spelt as in the dialect's `types`. */
export interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** Throws `COLUMN_CONFLICT`, with the statement that mends it, where a table cannot take our rows. Further columns of the customer's own are fine while they may be null. */
export function checkColumns(
  dialect: SqlDialect,
  prefix: string,
  table: TableName,
  found: readonly FoundColumn[],
): void {
  const ref = tableRef(dialect, prefix, table);
  for (const column of warehouseTables[table]) {
    const there = found.find(({ name }) => name === column.name);
    const type = dialect.types[column.type];
    if (there === undefined) {
      throw conflict(
        `${ref} lacks the column "${column.name}"`,
        `ALTER TABLE ${ref} ADD COLUMN "${column.name}" ${type};`,
      );
    }
    if (there.type.toLowerCase() !== type.toLowerCase()) {
      throw conflict(
        `${ref}: the column "${column.name}" is ${there.type}, not ${type}`,
        dialect.retypeColumn?.(ref, column.name, type) ??
          `ALTER TABLE ${ref} ALTER COLUMN "${column.name}" TYPE ${type};`,
      );
    }
  }
  const own = new Set(warehouseTables[table].map(({ name }) => name));
  const foreign = found.find(({ name, required }) => required && !own.has(name));
  if (foreign === undefined) return;
  throw conflict(
    `${ref}: the column "${foreign.name}" is not ours and may not be null`,
    dialect.allowNull?.(ref, foreign.name) ?? `ALTER TABLE ${ref} ALTER COLUMN "${foreign.name}" DROP NOT NULL;`,
  );
}

function conflict(message: string, fix: string): CheckFailure {
  return new CheckFailure(fix, new SyncError("COLUMN_CONFLICT", { message }));
}

/**
 * Whether the tables have to be made: none of a prefix is there. Throws `OBJECT_MISSING` when only some are: making the
 * others quietly would hide that rows we have receipts for are gone.
 */
export function needsTables(dialect: SqlDialect, prefix: string, existing: ReadonlySet<string>): boolean {
  const missing = tableNames.filter((table) => !existing.has(bareName(prefix, table)));
  if (missing.length === 0) return false;
  if (missing.length === tableNames.length) return true;
  const names = missing.map((table) => bareName(prefix, table)).join(", ");
  throw new CheckFailure(
    missing.map((table) => `${createTable(dialect, prefix, table)};`).join("\n"),
    new SyncError("OBJECT_MISSING", { message: `missing beside the other tables of the prefix: ${names}` }),
  );
}
