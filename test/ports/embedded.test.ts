import { join } from "node:path";
import { openFiles } from "../../lib/platform/embedded/files.ts";
import { openSecrets } from "../../lib/platform/embedded/secrets.ts";
import { openTable } from "../../lib/platform/embedded/table.ts";
import { openWorkflows } from "../../lib/platform/embedded/workflows.ts";
import { seededRandomness, windableClock } from "../support/clock.ts";
import { task, writeMachine } from "../support/machines.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { describeFiles } from "./files-contract.ts";
import type { StoreAddress } from "./port-workers.ts";
import { describeSecrets } from "./secrets-contract.ts";
import { describeTable } from "./table-contract.ts";
import { describeWorkflows } from "./workflows-contract.ts";

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

describeSecrets("the embedded secrets", async () => {
  const folder = tempFolder();
  return {
    secrets: await openSecrets(folder.path),
    reopen: () => openSecrets(folder.path),
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
});

describeWorkflows("the embedded workflows", async (step) => {
  const folder = tempFolder();
  writeMachine(folder.path, "dispatch", { DoIt: task("TestStep") });
  const workflows = openWorkflows({
    folder: folder.path,
    runStep: (_name, input, signal) => step(input, signal),
    files: { get: async () => undefined },
    clock: windableClock(),
    randomness: seededRandomness(),
  });
  return {
    workflows,
    [Symbol.asyncDispose]: async () => {
      await workflows.drain(0);
      folder[Symbol.dispose]();
    },
  };
});
