import {
  decimalDigitsMax,
  emailBytesMax,
  idBytesMax,
  jsonLevelsMax,
  metricCharactersMax,
  phoneDigits,
} from "../../model/limits.ts";

/**
 * How cells are read, as DuckDB macros of a session: each answers null where the cell is not of its form. The table of
 * meanings for people is `docs/csv.md`. Regular expressions are RE2's: linear in the cell.
 */
export const cellMacros = [
  // Absent: an empty cell is null already; `\N` speaks for itself; identifiers and the like may not be blank.
  macro("said(t)", String.raw`CASE WHEN t = '\N' OR trim(t) = '' THEN NULL ELSE t END`),

  // An address as people have them: no quoted local parts, no comments, no IP literals; a host with a dot. Lower case.
  macro(
    "email_form(t)",
    `CASE WHEN strlen(t) <= ${emailBytesMax} AND regexp_full_match(t, ${emailPattern()}) THEN t END`,
  ),
  macro("as_email(t)", String.raw`email_form(lower(trim(t, e' \t\r\n')))`),

  // E.164 once spaces, dashes, dots and parentheses are gone; the plus is a must, since without it no country is said.
  macro(
    "phone_form(t)",
    `CASE WHEN regexp_full_match(t, '\\+[1-9][0-9]{${phoneDigits.min - 1},${phoneDigits.max - 1}}') THEN t END`,
  ),
  macro(
    "as_phone(t)",
    String.raw`phone_form(CASE WHEN regexp_full_match(t, '\+[0-9]+') THEN t
      ELSE regexp_replace(t, '[\s().\x{2D}\x{A0}]', '', 'g') END)`,
  ),

  macro("as_id(t)", `CASE WHEN strlen(t) <= ${idBytesMax} THEN t END`),
  macro("as_metric(t)", `CASE WHEN length(trim(t)) BETWEEN 1 AND ${metricCharactersMax} THEN trim(t) END`),
  macro("as_currency(t)", `CASE WHEN regexp_full_match(upper(trim(t)), '[A-Z]{3}') THEN upper(trim(t)) END`),

  // A plain number that decimal(38,9) holds exactly. The narrow cast is fifteen times as fast.
  macro(
    "decimal_form(t)",
    `CASE WHEN NOT regexp_full_match(t, '[+-]?[0-9]{1,${decimalDigitsMax.before}}(?:\\.[0-9]{1,${decimalDigitsMax.after}}0*)?') THEN NULL
      WHEN strlen(t) <= 9 THEN TRY_CAST(t AS DECIMAL(18,9))::DECIMAL(38,9)
      ELSE TRY_CAST(t AS DECIMAL(38,9)) END`,
  ),
  macro("as_decimal(t)", "decimal_form(trim(t))"),
  ...jsonMacros(),
].join(";\n");

function macro(head: string, body: string): string {
  return `CREATE OR REPLACE TEMP MACRO ${head} AS ${body}`;
}

function emailPattern(): string {
  const local = String.raw`[^\s@<>()\[\]\\,;:"\x00-\x20\x7f]`;
  const host = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\x{2D}]*[\p{L}\p{M}\p{N}])?`;
  // Dots only between characters of the local part, and no more than 64 bytes of it.
  return `'${local}{1,64}@(?:${host}\\.)+${host}'`;
}

function jsonMacros(): string[] {
  return [
    // What is left of JSON once its texts are empty.
    macro("json_bones(t)", String.raw`regexp_replace(t, '"(?:[^"\\]|\\.)*"', '""', 'g')`),
    macro("json_brackets(bones)", String.raw`regexp_replace(bones, '[^\[\]{}]', '', 'g')`),
    ...Array.from({ length: jsonLevelsMax }, (_, index) => deeperThan(index + 1)),
    // DuckDB takes trailing commas, NaN and Infinity, which no warehouse does; and U+0000, which PostgreSQL does not.
    macro(
      "json_is_sound(t, bones)",
      String.raw`NOT regexp_matches(bones, ',\s*[\]}]')
        AND NOT regexp_matches(regexp_replace(bones, 'true|false|null', '', 'g'), '[A-DF-Za-df-z]')
        AND NOT regexp_matches(t, '(?:^|[^\\])(?:\\\\)*\\u0000')`,
    ),
    macro("has_twins(keys)", "len(keys) <> len(list_distinct(keys))"),
    // A name twice in one object, at any level: each reader would take another of the two.
    macro(
      "json_children(nodes)",
      "flatten(list_transform(nodes, lambda n: list_concat(json_extract(n, '$.*'), json_extract(n, '$[*]'))))",
    ),
    macro("nodes_have_twins(nodes)", "len(list_filter(nodes, lambda n: has_twins(json_keys(n)))) > 0"),
    macro(
      "json_has_twins(t, bones)",
      `CASE WHEN NOT contains(bones, ':') THEN false
        WHEN strpos(substr(bones, 2), '{') = 0 AND starts_with(bones, '{') THEN has_twins(json_keys(t))
        ELSE list_reduce(
          list_transform(range(${jsonLevelsMax + 1}), lambda i: {'twins': false, 'nodes': [t::JSON]}),
          lambda a, same: {'twins': a.twins OR nodes_have_twins(a.nodes), 'nodes': json_children(a.nodes)}).twins END`,
    ),
    macro("json_form(t, bones)", "json_is_sound(t, bones) AND NOT json_has_twins(t, bones)"),
    // A JSON object or list that every reader takes for the same.
    macro("is_json(t)", `json_valid(t) AND (json_deeper_than_${jsonLevelsMax - 1}(t) OR json_form(t, json_bones(t)))`),
    macro("looks_like_json(t)", "starts_with(t, '{') OR starts_with(t, '[')"),

    // A number that comes back as it went in: up to 15 digits, no exponent, no leading zero, no minus zero.
    macro(
      "is_json_number(t)",
      String.raw`t >= '-' AND t < ':' AND strlen(ltrim(t, '-')) <= 16
        AND regexp_full_match(t, '-?[1-9][0-9]{0,14}(?:\.[0-9]{1,14})?|0(?:\.[0-9]{1,14})?|-0\.[0-9]*[1-9][0-9]*')`,
    ),
    macro("json_text(t)", String.raw`CASE WHEN t = '\N' THEN 'null' ELSE to_json(t)::VARCHAR END`),
    macro(
      "json_typed(t)",
      `CASE WHEN t IS NULL THEN NULL
        WHEN is_json_number(t) THEN t
        WHEN t IN ('true', 'false', 'True', 'False', 'TRUE', 'FALSE') THEN lower(t)
        WHEN looks_like_json(t) AND is_json(t) THEN t
        ELSE json_text(t) END`,
    ),
  ];
}

/** When so many levels of brackets have been taken off from within, deeper ones are left. */
function deeperThan(levels: number): string {
  const peel = (inner: string) => `replace(replace(${inner}, '[]', ''), '{}', '')`;
  const peeled = Array.from({ length: levels }).reduce<string>((inner) => peel(inner), "b");
  const brackets = "json_brackets(json_bones(t))";
  return [
    macro(`brackets_deeper_than_${levels}(b)`, `strlen(b) > ${2 * levels} AND strlen(${peeled}) > 0`),
    macro(`json_deeper_than_${levels}(t)`, `brackets_deeper_than_${levels}(${brackets})`),
  ].join(";\n");
}
