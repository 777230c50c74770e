import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Deps } from "../flows/deps.ts";
import { type Instant, isoOf } from "../model/time.ts";

const logBytesMax = 20 * 1024 * 1024;
const writesBetweenLooks = 1_000;

/** Writes each event as one line of JSON to `events.log` in the folder; a full file becomes `events.1.log`. */
export function openEventLog(folder: string, now: () => Instant, isVerbose: boolean): Deps["log"] {
  const path = join(folder, "events.log");
  let writes = 0;
  return (event, fields = {}) => {
    const line = `${plain(JSON.stringify({ at: isoOf(now()), event, ...fields }))}\n`;
    if (isVerbose) process.stderr.write(line);
    if (writes % writesBetweenLooks === 0) rotate(folder, path);
    writes += 1;
    appendFileSync(path, line, { mode: 0o600 });
  };
}

function rotate(folder: string, path: string): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(path, join(folder, "events.1.log"));
}

/** JSON escapes control characters below 0x20 by itself; these others can also fool a terminal. */
function plain(json: string): string {
  return json.replaceAll(
    /[\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
