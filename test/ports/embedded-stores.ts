import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import type { Stores } from "./port-workers.ts";

/** The embedded table and files of a folder, as a second process of the product would open them. */
export function openStores(folder: string): Stores {
  mkdirSync(folder, { recursive: true });
  return {
    table: openTable(join(folder, "table.sqlite"), { clock: systemClock }),
    files: openFiles(join(folder, "files"), { clock: systemClock }),
  };
}
