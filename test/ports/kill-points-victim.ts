import { join } from "node:path";
import type { Deps } from "../../lib/flows/deps.ts";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { systemClock } from "../../lib/platform/system-clock.ts";
import { withKillPoints } from "../support/kill-points.ts";

const folder = process.argv[2] ?? "";
const real = {
  table: openTable(join(folder, "table.sqlite"), { clock: systemClock }),
  files: openFiles(join(folder, "files"), { clock: systemClock }),
} as Partial<Deps> as Deps;
// After the file (index 3), before the transaction.
const { deps } = withKillPoints(real, { sigkillAt: 3 });

await deps.table.put({ pk: "p", sk: "started" });
await deps.files.putIfAbsent("state/x", new Uint8Array(1));
await deps.table.put({ pk: "p", sk: "done" });
