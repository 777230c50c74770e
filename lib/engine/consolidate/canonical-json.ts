/**
 * Levels down to which keys are put in order. Each level makes the statement slower to plan, and only patches that
 * hold a list get there; deeper objects in another order of keys count as changed, once.
 */
const sortedLevels = 4;

/**
 * Statements that define, in a session:
 * - `ws_patched(state, patch)`: RFC 7396 on JSON text. An object without members is kept as null.
 * - `ws_unchanged(state, patch, patched)`: whether that changed no value.
 *
 * Texts alone would call every repeated upload a change, since `json_merge_patch` moves the members that a patch names
 * to the end. Where the lengths agree, nothing was removed (or grew); then the patch changed nothing if the state
 * contains it. `json_contains` takes lists for sets, so patches with a list are compared by sorted text too.
 */
export const jsonMacros: readonly string[] = [
  "CREATE OR REPLACE TEMP MACRO ws_sorted_0(j) AS j::VARCHAR",
  ...Array.from({ length: sortedLevels }, (_, level) => sortedMacro(level + 1)),
  `CREATE OR REPLACE TEMP MACRO ws_patched(state, patch) AS CASE WHEN patch IS NULL THEN state
    ELSE nullif(json_merge_patch(coalesce(state, '{}'), patch)::VARCHAR, '{}') END`,
  `CREATE OR REPLACE TEMP MACRO ws_unchanged(state, patch, patched) AS CASE
    WHEN patch IS NULL OR state = patched OR (state IS NULL AND patched IS NULL) THEN true
    WHEN state IS NULL OR patched IS NULL OR length(state) <> length(patched) THEN false
    WHEN NOT json_contains(state, json_merge_patch('{}', patch)) THEN false
    WHEN contains(patch, '[') THEN ws_sorted_${sortedLevels}(state) = ws_sorted_${sortedLevels}(patched)
    ELSE true END`,
];

function sortedMacro(level: number): string {
  const inner = `ws_sorted_${level - 1}(m.value)`;
  const members = "list_sort(map_entries(TRY_CAST(j::JSON AS MAP(VARCHAR, JSON))))";
  return `CREATE OR REPLACE TEMP MACRO ws_sorted_${level}(j) AS CASE WHEN json_type(j) = 'OBJECT' THEN coalesce(
    '{' || array_to_string(list_transform(${members}, lambda m: to_json(m.key) || ':' || coalesce(${inner}, 'null')), ',') || '}',
    j::VARCHAR) ELSE j::VARCHAR END`;
}
