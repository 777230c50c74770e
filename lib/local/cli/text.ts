/** Text of unknown origin made fit for a terminal: control, escape and direction characters become `\u{…}`. */
export function printable(value: unknown): string {
  const text = value === null || value === undefined ? "–" : String(value);
  return text.replaceAll(
    /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Rows as aligned columns under their titles. Numbers stand to the right. Nothing to show says so. */
export function tableText(titles: readonly string[], rows: readonly (readonly unknown[])[], none = "none yet"): string {
  if (rows.length === 0) return `  (${none})`;
  const cells = [titles, ...rows].map((row) => row.map(shown));
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))));
  const isRight = titles.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  return cells.map((row) => `  ${lineOf(row, widths, isRight)}`.trimEnd()).join("\n");
}

function lineOf(row: readonly string[], widths: readonly number[], isRight: readonly boolean[]): string {
  return row
    .map((cell, column) => {
      const gap = " ".repeat((widths[column] ?? 0) - widthOf(cell));
      return isRight[column] ? gap + cell : cell + gap;
    })
    .join("  ");
}

function shown(value: unknown): string {
  return typeof value === "number" ? value.toLocaleString("en-US") : printable(value);
}

function widthOf(text: string): number {
  return [...text].length;
}

/** `1,234,567`, for sentences. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `850 ms`, `12.3 s`, `4 min 5 s`. */
export function duration(elapsedMs: number): string {
  if (elapsedMs < 1_000) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 60_000) return `${(elapsedMs / 1_000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
