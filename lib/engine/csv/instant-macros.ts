import type { ColumnPlan } from "../../model/column-plan.ts";
import { sqlText } from "../engine.ts";

const time = String.raw`(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?`;
const zone = String.raw` ?(?:Z|UTC|[+\x{2D}](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)`;
const iso = `[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T]${time}Z?)?`;
const isoWithZone = `[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]${time}${zone}`;
const american = `([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})((?:[ T]${time}(?:${zone})?)?)`;

/**
 * `2026-11-24T17:15:00Z` and its like, without a regular expression: what else passes here (an odd blank, a year before
 * 1000) is refused by the cast or by the window of events.
 */
const usualUtc = "t LIKE '____-__-__T__:__:__%Z' AND strlen(t) <= 27 AND NOT contains(t, 'T24')";
const usualLocal = "t LIKE '____-__-__ __:__:__' AND strlen(t) <= 27 AND NOT contains(t, ' 24')";

/**
 * How a time is read, as macros: `as_instant_utc(t)` and `as_instant_in(t, zone)` answer a TIMESTAMP in UTC or null. A
 * time without zone is one of the mapping's zone: in the hour that spring leaves out it counts with the offset before,
 * in the hour that autumn repeats it is the second. Digits beyond the microsecond are cut off.
 */
export const instantMacros: readonly (readonly [string, string])[] = [
  ["instant_in(ts, zone)", "timezone(zone, ts)::TIMESTAMP"],
  [
    "zoned_instant(t)",
    // `2026-11-24 17:15 +0100` as DuckDB spells it.
    String.raw`TRY_CAST(regexp_replace(regexp_replace(t, ' ?UTC$', 'Z'), ' ?([+\x{2D}][0-9]{2}):?([0-9]{2})$', '\1:\2') AS TIMESTAMPTZ)::TIMESTAMP`,
  ],
  ["century(y)", "CASE WHEN length(y) = 4 THEN y WHEN y < '69' THEN '20' || y ELSE '19' || y END"],
  ["american_as_iso(p)", "century(p.y) || '-' || lpad(p.m, 2, '0') || '-' || lpad(p.d, 2, '0') || p.rest"],
  ...readers("utc", "", "TRY_CAST(t AS TIMESTAMP)"),
  ...readers("in", ", zone", "instant_in(TRY_CAST(t AS TIMESTAMP), zone)"),
];

function readers(name: string, zoneArgument: string, local: string): [string, string][] {
  const isoMacro = `iso_instant_${name}`;
  return [
    [
      `${isoMacro}(t${zoneArgument})`,
      `CASE
        WHEN NOT regexp_full_match(t, '${iso}') THEN (CASE WHEN regexp_full_match(t, '${isoWithZone}') THEN zoned_instant(t) END)
        WHEN ends_with(t, 'Z') THEN TRY_CAST(t AS TIMESTAMP)
        ELSE ${local} END`,
    ],
    [
      `as_instant_${name}(t${zoneArgument})`,
      `CASE
        WHEN ${usualUtc} THEN TRY_CAST(t AS TIMESTAMP)
        WHEN ${usualLocal} THEN (CASE WHEN ends_with(t, 'Z') THEN TRY_CAST(t AS TIMESTAMP) ELSE ${local} END)
        WHEN t >= '1000-' AND t < '3000' AND substr(t, 5, 1) = '-' THEN ${isoMacro}(t${zoneArgument})
        WHEN regexp_full_match(t, '[0-9]{9,10}(?:\\.[0-9]{1,6})?')
          THEN make_timestamp((TRY_CAST(t AS DECIMAL(18,6))::DECIMAL(38,6) * 1000000)::BIGINT)
        WHEN regexp_full_match(t, '[0-9]{12,13}') THEN make_timestamp(TRY_CAST(t AS BIGINT) * 1000)
        WHEN regexp_full_match(t, '${american}')
          THEN ${isoMacro}(american_as_iso(regexp_extract(t, '^${american}$', ['m', 'd', 'y', 'rest']))${zoneArgument})
        END`,
    ],
  ];
}

/** The expression that reads a cell as an instant by a mapping's zone and format. */
export function instantSql(
  cell: string,
  { timeZone, dateFormat }: Pick<ColumnPlan, "timeZone" | "dateFormat">,
): string {
  const isUtc = timeZone === "UTC";
  if (dateFormat === null) return isUtc ? `as_instant_utc(${cell})` : `as_instant_in(${cell}, ${sqlText(timeZone)})`;
  const parsed = `(try_strptime(${cell}, ${sqlText(dateFormat)}))::TIMESTAMP`;
  // A format that reads the zone gives an instant, any other a local time.
  return isUtc || /%[zZ]/.test(dateFormat) ? parsed : `instant_in(${parsed}, ${sqlText(timeZone)})`;
}
