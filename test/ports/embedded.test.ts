import { join } from "node:path";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { windableClock } from "../support/clock.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { describeFiles } from "./files-contract.ts";
import type { StoreAddress } from "./port-workers.ts";
import { describeTable } from "./table-contract.ts";

function addressOf(folder: string): StoreAddress {
  return { module: new URL("./embedded-stores.ts", import.meta.url).href, args: [folder] };
}

describeTable("the embedded table", async () => {
  const folder = tempFolder();
  const clock = windableClock();
  const table = openTable(join(folder.path, "table.sqlite"), { clock });
  return {
    table,
    clock,
    address: addressOf(folder.path),
    [Symbol.asyncDispose]: async () => {
      table[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
});

describeFiles("the embedded files", async () => {
  const folder = tempFolder();
  const clock = windableClock();
  return {
    files: openFiles(join(folder.path, "files"), { clock }),
    clock,
    address: addressOf(folder.path),
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
});
