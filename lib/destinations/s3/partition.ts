import type { Instant } from "../../model/time.ts";
import type { StagedFile } from "../destination.ts";

/** What may stand in braces; the rest of a template is taken as it is. */
const partitionWords = [
  "object",
  "yyyy",
  "mm",
  "dd",
  "hh",
  "event_yyyy",
  "event_mm",
] as const satisfies readonly string[];
type PartitionWord = (typeof partitionWords)[number];

export const defaultPartitions = "{object}/dt={yyyy}-{mm}-{dd}";

const word = /\{([^{}]*)\}/g;
/** Letters, digits and `=`, `_`, `-`, `.` in folders: safe in keys, in SQL and for crawlers. */
const folders = /^\{object\}(\/[A-Za-z0-9=_{}-][A-Za-z0-9=_.{}-]{0,99}){0,8}$/;

/** What is wrong with a template, as a sentence; undefined where nothing is. */
export function partitionFault(template: string): string | undefined {
  if (!folders.test(template)) {
    return "begin with {object}, then folders of letters, digits and = _ - . with / between and none at the end";
  }
  const unknown = [...template.matchAll(word)].find(([, name = ""]) => !isWord(name));
  if (unknown !== undefined)
    return `${unknown[0]} is not known; use ${partitionWords.map((name) => `{${name}}`).join(" ")}`;
  if (/[{}]/.test(template.replaceAll(word, ""))) return "a brace has no other";
  if (template.indexOf("{object}", 1) >= 0) return "{object} stands at the beginning only";
  return undefined;
}

/**
 * The folder that a file goes to: `{yyyy}`, `{mm}`, `{dd}`, `{hh}` are those of the batch's `_synced_at` in UTC;
 * `{event_yyyy}`, `{event_mm}` of the file's oldest event (files of events hold one month), of `_synced_at` elsewhere.
 */
export function partitionOf(
  template: string,
  table: string,
  file: Pick<StagedFile, "eventAtMin">,
  syncedAt: Instant,
): string {
  const [synced, event] = [new Date(syncedAt), new Date(file.eventAtMin ?? syncedAt)];
  const values: Readonly<Record<PartitionWord, string>> = {
    object: table,
    yyyy: digits(synced.getUTCFullYear(), 4),
    mm: digits(synced.getUTCMonth() + 1, 2),
    dd: digits(synced.getUTCDate(), 2),
    hh: digits(synced.getUTCHours(), 2),
    event_yyyy: digits(event.getUTCFullYear(), 4),
    event_mm: digits(event.getUTCMonth() + 1, 2),
  };
  return template.replaceAll(word, (whole, name: string) => (isWord(name) ? values[name] : whole));
}

function isWord(name: string): name is PartitionWord {
  return partitionWords.some((known) => known === name);
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
