import { jsonLevelsMax } from "../../model/limits.ts";

/** A JSON string without U+0000, which PostgreSQL does not hold. */
const string = String.raw`"(?:[^"\\]|\\[^u]|\\u(?:[1-9a-fA-F][0-9a-fA-F]{3}|0[1-9a-fA-F][0-9a-fA-F]{2}|00[1-9a-fA-F][0-9a-fA-F]|000[1-9a-fA-F]))*"`;
const scalar = `${string}|true|false|null|-?[0-9][-+0-9.eE]*`;

/** DuckDB also takes trailing commas, NaN and Infinity for valid, which no warehouse does. */
const soundTokens = String.raw`(?:${scalar}|[\[\]{}:\s]|,\s*(?:${scalar}|[\[{]))*`;

/** JSON of at most so many levels: brackets match already, so what is counted is how deep they stand. */
function ofLevels(levels: number): string {
  const flat = String.raw`(?:[^\[\]{}"]|"(?:[^"\\]|\\.)*")*`;
  return levels === 0 ? flat : String.raw`${flat}(?:[\[{]${ofLevels(levels - 1)}[\]}]${flat})*`;
}

/** How cells of JSON columns are read, as heads and bodies of macros; see `cell-macros.ts`. Kept short: a wide file has a thousand of them in one statement. */
export const jsonMacros: readonly (readonly [string, string])[] = [
  // By CASE, since an AND may be worked out in any order.
  ["is_json(t)", `CASE WHEN json_valid(t) THEN regexp_full_match(t, '${soundTokens}') ELSE false END`],
  ["opens_brackets(t)", String.raw`(t >= '{' AND t < '|') OR (t >= '[' AND t < '\')`],

  // A number that comes back as it went in: up to 16 characters, no exponent, no leading zero, no minus zero.
  [
    "is_json_number(t)",
    String.raw`strlen(t) <= 16 AND
      regexp_full_match(t, '-?[1-9][0-9]{0,14}(?:\.[0-9]{1,14})?|0(?:\.[0-9]{1,14})?|-0\.[0-9]*[1-9][0-9]*')`,
  ],
  // Most numbers, at half the cost.
  ["is_json_integer(t)", "strlen(t) <= 15 AND TRY_CAST(t AS BIGINT)::VARCHAR = t"],
  // No IN: DuckDB would make a join of it, for every row.
  [
    "is_json_boolean(t)",
    "strlen(t) <= 5 AND (t = 'true' OR t = 'false' OR t = 'True' OR t = 'False' OR t = 'TRUE' OR t = 'FALSE')",
  ],
  ["json_typed(t)", typed("'null'")],
  ["json_text(t)", String.raw`CASE WHEN t = '\N' THEN 'null' ELSE to_json(t)::VARCHAR END`],
  // No blank before the value: `has_inner` counts on it.
  ["json_json(t)", String.raw`CASE WHEN t = '\N' THEN 'null' ELSE ltrim(t, e' \t\r\n') END`],
  // Where nothing can be cleared, `\N` is absent.
  ["json_typed_event(t)", typed("NULL")],
  ["json_text_event(t)", String.raw`CASE WHEN t <> '\N' THEN to_json(t)::VARCHAR END`],
  ["json_json_event(t)", String.raw`CASE WHEN t <> '\N' THEN ltrim(t, e' \t\r\n') END`],

  // Of a finished object: whether anything stands nested in it, which most have not. We write no blank before a brace.
  ["has_inner(j)", "contains(j, '[') OR contains(j, ':{')"],
  ["is_too_deep(j)", `NOT regexp_full_match(j, '${ofLevels(jsonLevelsMax)}')`],
  ["has_twins(keys)", "len(keys) <> len(list_distinct(keys))"],
  [
    "json_children(nodes)",
    "flatten(list_transform(nodes, lambda n: list_concat(json_extract(n, '$.*'), json_extract(n, '$[*]'))))",
  ],
  ["nodes_have_twins(nodes)", "len(list_filter(nodes, lambda n: has_twins(json_keys(n)))) > 0"],
  // A name twice in one object, at any level: each reader would take another of the two. Level by level.
  [
    "json_has_twins(j)",
    `list_reduce(
      list_transform(range(${jsonLevelsMax + 1}), lambda i: {'twins': false, 'nodes': [j::JSON]}),
      lambda a, same: {'twins': a.twins OR nodes_have_twins(a.nodes), 'nodes': json_children(a.nodes)}).twins`,
  ],
];

/** The first character decides where most cells go; the comparisons are cheap. */
function typed(whenCleared: string): string {
  return String.raw`CASE
    WHEN t >= '-' AND t < ':' THEN (CASE WHEN is_json_integer(t) OR is_json_number(t) THEN t ELSE to_json(t)::VARCHAR END)
    WHEN opens_brackets(t) THEN (CASE WHEN is_json(t) THEN t ELSE to_json(t)::VARCHAR END)
    WHEN is_json_boolean(t) THEN (CASE WHEN t >= 'a' THEN t ELSE lower(t) END)
    WHEN t = '\N' THEN ${whenCleared}
    ELSE to_json(t)::VARCHAR END`;
}
