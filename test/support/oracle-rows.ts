import * as fc from "fast-check";
import type { JsonObject, OracleEntry, OracleRow } from "./oracle.ts";

/** So few identifiers that rows meet, swap and steal them all the time. */
const identifiers = {
  external_id: fc.constantFrom("a", "b", "c"),
  email: fc.constantFrom("a@x", "b@x", "c@x", "d@x"),
  phone_number: fc.constantFrom("+1", "+2", "+3"),
};

const person = fc
  .record(identifiers, { requiredKeys: [] })
  .filter((row) => Object.values(row).some((value) => value !== undefined));

const leaf = fc.constantFrom<null | number | string | boolean>(null, 1, 2, "t", true);
const json: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.constantFrom("k", "l", '$m/"~', "é"),
  fc.oneof(leaf, fc.dictionary(fc.constantFrom("k", "n"), leaf), fc.constant([1, null, { z: null }])),
  { maxKeys: 3 },
);

const patch = fc.record(
  {
    texts: fc.dictionary(fc.constantFrom("first_name", "title"), fc.constantFrom("A", "B", ""), { maxKeys: 2 }),
    json: fc.dictionary(fc.constantFrom("properties", "location"), json, { maxKeys: 2 }),
    cleared: fc.uniqueArray(fc.constantFrom("first_name", "title", "image"), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const event = fc.record(
  {
    metric_name: fc.constantFrom("Placed Order", "Opened"),
    unique_id: fc.constantFrom("u1", "u2"),
    integration_name: fc.constantFrom("Shop", "App"),
    atMs: fc.constantFrom(0, 1, 40, 41, 500).map((day) => Date.UTC(2026, 0, 1) + day * 86_400_000),
    value: fc.constantFrom("1.000000000", "12345678901234.500000000", "-0.100000000"),
    value_currency: fc.constantFrom("GBP", ""),
    properties: fc.constantFrom('{"a":1}', "{}"),
  },
  { requiredKeys: ["metric_name", "atMs"] },
);

const profileRow: fc.Arbitrary<OracleRow> = fc.tuple(person, patch).map(([row, change]) => ({ ...row, patch: change }));
const eventRow: fc.Arbitrary<OracleRow> = fc
  .tuple(person, event)
  .map(([row, happened]) => ({ ...row, event: happened }));
const richEventRow: fc.Arbitrary<OracleRow> = fc
  .tuple(person, event, patch)
  .map(([row, happened, change]) => ({ ...row, event: happened, patch: change }));

const rows = fc.oneof(
  ...[profileRow, eventRow, richEventRow].map((row) => fc.array(row, { minLength: 1, maxLength: 12 })),
);

/** A few imports, and after which of them to consolidate. */
export const histories = fc.array(
  fc.record({
    rows,
    isRepeat: fc.boolean(),
    fileRows: fc.integer({ min: 1, max: 6 }),
    isConsolidated: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

export interface Import {
  readonly entry: OracleEntry;
  readonly fileRows: number;
  readonly isConsolidated: boolean;
}

/** The imports of a history, one a minute; some bring the rows of an earlier one again. */
export function importsOf(history: typeof histories extends fc.Arbitrary<infer T> ? T : never): Import[] {
  const imports: Import[] = [];
  for (const [number, { rows: own, isRepeat, fileRows, isConsolidated }] of history.entries()) {
    const again = isRepeat ? imports.at(-1)?.entry.rows : undefined;
    const acceptedAt = Date.UTC(2026, 10, 24, 12, number);
    imports.push({ entry: { acceptedAt, rows: again ?? own }, fileRows, isConsolidated });
  }
  return imports;
}
