/** How deep an accepted JSON value may nest; deeper levels are compared as they are written. */
const depthMax = 10;

/**
 * Statements that define `ws_patched(state, patch)` (RFC 7396 on JSON text) and `ws_same(a, b)` in a session. Values are compared
 * without regard to the order of keys: `json_merge_patch` moves the members that a patch names to the end, so texts
 * alone would call every repeated upload a change. An object without members is kept as null.
 */
export const jsonMacros: readonly string[] = [
  "CREATE OR REPLACE TEMP MACRO ws_sorted_0(j) AS j::VARCHAR",
  ...Array.from({ length: depthMax }, (_, level) => sortedMacro(level + 1)),
  `CREATE OR REPLACE TEMP MACRO ws_same(a, b) AS a IS NOT DISTINCT FROM b
    OR (a IS NOT NULL AND b IS NOT NULL AND length(a) = length(b) AND ws_sorted_${depthMax}(a) = ws_sorted_${depthMax}(b))`,
  `CREATE OR REPLACE TEMP MACRO ws_patched(state, patch) AS CASE WHEN patch IS NULL THEN state
    ELSE nullif(json_merge_patch(coalesce(state, '{}'), patch)::VARCHAR, '{}') END`,
];

/** The text with keys in order at every level (arrays as they are). Lazy: only a pair of differing texts comes here. */
function sortedMacro(level: number): string {
  const inner = `ws_sorted_${level - 1}(m.value)`;
  const members = `list_sort(map_entries(TRY_CAST(j::JSON AS MAP(VARCHAR, JSON))))`;
  return `CREATE OR REPLACE TEMP MACRO ws_sorted_${level}(j) AS CASE WHEN json_type(j) = 'OBJECT' THEN coalesce(
    '{' || array_to_string(list_transform(${members}, lambda m: to_json(m.key) || ':' || coalesce(${inner}, 'null')), ',') || '}',
    j::VARCHAR) ELSE j::VARCHAR END`;
}
