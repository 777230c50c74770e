import { join } from "node:path";
import type { Instant } from "../../model/time.ts";
import { escapeSegment } from "../file-names.ts";
import { namesIn } from "./object-walk.ts";

/** One version of a key under `inbox/`. Ids sort by age: 13 digits of milliseconds and something random. */
export interface Version {
  readonly id: string;
  readonly path: string;
  readonly at: Instant;
}

const timeDigits = 13;
const tailCharactersMax = 100;

/** The end of a key's name: readable, and with its `.csv.gz` for readers that go by it. */
export function tailOf(key: string): string {
  return escapeSegment(key.slice(key.lastIndexOf("/") + 1)).slice(-tailCharactersMax);
}

/** Makes versions that sort after those before them, even when the clock stands still or steps back. */
export class VersionMaker {
  #lastMs = 0;

  /** A version of `key` that is yet to be put into `folder`. */
  next(key: string, folder: string, newest: Version | undefined, now: Instant, unique: string): Version {
    this.#lastMs = Math.max(now, this.#lastMs + 1, (newest?.at ?? 0) + 1);
    const id = `${String(this.#lastMs).padStart(timeDigits, "0")}.${unique}`;
    return { id, path: join(folder, `${id}-${tailOf(key)}`), at: this.#lastMs as Instant };
  }
}

/** The versions that lie in a key's folder, oldest first. */
export async function versionsIn(folder: string): Promise<Version[]> {
  const names = (await namesIn(folder)).sort();
  return names.map((name) => ({
    id: name.slice(0, name.indexOf("-")),
    path: join(folder, name),
    at: Number.parseInt(name, 10) as Instant,
  }));
}

/** The version asked for, or the newest. */
export async function versionIn(folder: string, id?: string): Promise<Version | undefined> {
  const versions = await versionsIn(folder);
  return id === undefined ? versions.at(-1) : versions.find((version) => version.id === id);
}
