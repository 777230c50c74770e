import { configFrom, options } from "./config.ts";

/** Every option with its default and what it does, for the table in docs/deploy.md. */
export function optionRows(): { readonly key: string; readonly initial: string; readonly help: string }[] {
  const initial: Readonly<Record<string, unknown>> = configFrom({});
  return Object.entries(options.shape).map(([key, schema]) => ({
    key,
    initial: wordOf(initial[key]),
    help: (schema.description ?? "").replaceAll("|", "\\|"),
  }));
}

function wordOf(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}
