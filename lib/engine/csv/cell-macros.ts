import {
  decimalDigitsMax,
  emailBytesMax,
  idBytesMax,
  jsonLevelsMax,
  metricCharactersMax,
  phoneDigits,
} from "../../model/limits.ts";
import type { Engine } from "../engine.ts";
import { instantMacros } from "./instant-macros.ts";

const emailLocal = String.raw`[^\s@<>()\[\]\\,;:"\x00-\x20\x7f]`;
const emailLabel = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}\x{2D}]*[\p{L}\p{M}\p{N}])?`;
const isPhone = (t: string) =>
  `regexp_full_match(${t}, '\\+[1-9][0-9]{${phoneDigits.min - 1},${phoneDigits.max - 1}}')`;
const phonePlain = String.raw`regexp_replace(t, '[\s().\x{2D}\x{A0}]', '', 'g')`;

/**
 * How cells are read, as DuckDB macros: each answers null where the cell is not of its form. The table of
 * meanings for people is `docs/csv.md`. Regular expressions are RE2's: linear in the cell. A macro's argument is written
 * out wherever its name stands, so arguments should be columns, and the usual case comes first.
 */
const cellMacros = [
  // Absent: an empty cell is null already; `\N` and blanks say nothing either where one form is wanted.
  macro(
    "said(t)",
    String.raw`CASE WHEN t > ' ~' AND t <> '\N' THEN t WHEN t = '\N' OR trim(t) = '' THEN NULL ELSE t END`,
  ),
  macro(
    "tidy(t)",
    `CASE WHEN t > ' ~' AND NOT ends_with(t, ' ') AND t <> '\\N' THEN t
    WHEN t = '\\N' THEN NULL ELSE nullif(trim(t, e' \\t\\r\\n'), '') END`,
  ),

  // An address as people have them: no quoted local part, no comment, no IP literal; a host with a dot. Lower case.
  macro(
    "email_form(t)",
    `CASE WHEN strlen(t) <= ${emailBytesMax} AND strlen(split_part(t, '@', 1)) <= 64
      AND regexp_full_match(t, '${emailLocal}+@(?:${emailLabel}\\.)+${emailLabel}') THEN t END`,
  ),
  macro(
    "as_email(t)",
    String.raw`CASE WHEN strlen(t) <= 64 AND regexp_full_match(t, '[a-z0-9._+\x{2D}]+@(?:[a-z0-9](?:[a-z0-9\x{2D}]*[a-z0-9])?\.)+[a-z]{2,}')
      THEN t ELSE email_form(lower(t)) END`,
  ),

  // E.164 once spaces, dashes, dots and parentheses are gone; the plus is a must, since without it no country is said.
  macro("phone_form(t)", `CASE WHEN ${isPhone("t")} THEN t END`),
  macro("as_phone(t)", `CASE WHEN ${isPhone("t")} THEN t ELSE phone_form(${phonePlain}) END`),

  macro("as_id(t)", `CASE WHEN strlen(t) <= ${idBytesMax} THEN t END`),
  macro("as_metric(t)", `CASE WHEN length(t) <= ${metricCharactersMax} THEN t END`),
  macro("as_currency(t)", "CASE WHEN regexp_full_match(t, '[A-Za-z]{3}') THEN upper(t) END"),

  // A plain number that decimal(38,9) holds exactly. The narrow cast is fifteen times as fast.
  macro(
    "as_decimal(t)",
    `CASE WHEN NOT regexp_full_match(t, '[+-]?[0-9]{1,${decimalDigitsMax.before}}(?:\\.[0-9]{1,${decimalDigitsMax.after}}0*)?') THEN NULL
      WHEN strlen(t) <= 9 THEN TRY_CAST(t AS DECIMAL(18,9))::DECIMAL(38,9)
      ELSE TRY_CAST(t AS DECIMAL(38,9)) END`,
  ),
  ...jsonMacros(),
  ...instantMacros.map(([head, body]) => macro(head, body)),
].join(";\n");

function macro(head: string, body: string): string {
  return `CREATE OR REPLACE MACRO ${head} AS ${body}`;
}

const installed = new WeakMap<Engine, Promise<void>>();

/** Makes the macros known to every session of an engine; the first call does it, since it takes a while. */
export async function installCellMacros(engine: Engine): Promise<void> {
  const present = installed.get(engine);
  if (present !== undefined) return present;
  const installing = install(engine);
  installed.set(engine, installing);
  return installing;
}

async function install(engine: Engine): Promise<void> {
  await using session = await engine.open(new AbortController().signal);
  await session.run(cellMacros);
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
    // By CASE, since an AND may be worked out in any order, and most JSON functions throw at what is no JSON.
    macro(
      "is_json(t)",
      `CASE WHEN NOT json_valid(t) THEN false WHEN json_deeper_than_${jsonLevelsMax}(t) THEN true
        ELSE json_form(t, json_bones(t)) END`,
    ),

    // A number that comes back as it went in: up to 16 characters, no exponent, no leading zero, no minus zero.
    macro(
      "is_json_number(t)",
      String.raw`strlen(t) <= 16 AND
        regexp_full_match(t, '-?[1-9][0-9]{0,14}(?:\.[0-9]{1,14})?|0(?:\.[0-9]{1,14})?|-0\.[0-9]*[1-9][0-9]*')`,
    ),
    macro("json_text(t)", String.raw`CASE WHEN t = '\N' THEN 'null' ELSE to_json(t)::VARCHAR END`),
    macro("opens_brackets(t)", String.raw`(t >= '{' AND t < '|') OR (t >= '[' AND t < '\')`),
    // The first character decides where most cells go; the comparisons are cheap.
    // No IN: DuckDB would make a join of it, for every row.
    macro(
      "is_json_boolean(t)",
      "strlen(t) <= 5 AND (t = 'true' OR t = 'false' OR t = 'True' OR t = 'False' OR t = 'TRUE' OR t = 'FALSE')",
    ),
    macro("json_typed(t)", typed("'null'")),
    // Where nothing can be cleared, `\N` is absent.
    macro("json_typed_event(t)", typed("NULL")),
    macro("json_text_event(t)", String.raw`CASE WHEN t <> '\N' THEN to_json(t)::VARCHAR END`),
  ];
}

function typed(whenCleared: string): string {
  return String.raw`CASE
    WHEN t >= '-' AND t < ':' THEN (CASE WHEN is_json_number(t) THEN t ELSE to_json(t)::VARCHAR END)
    WHEN opens_brackets(t) THEN (CASE WHEN is_json(t) THEN t ELSE to_json(t)::VARCHAR END)
    WHEN is_json_boolean(t) THEN lower(t)
    WHEN t = '\N' THEN ${whenCleared}
    ELSE to_json(t)::VARCHAR END`;
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
