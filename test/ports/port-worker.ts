import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConditionFailed } from "../../lib/flows/ports.ts";
import { tempFolder } from "../support/temp-folder.ts";
import type { Job, StoreAddress, Stores } from "./port-workers.ts";

/** What a worker process can be told to do; each answers JSON. */
export const jobs = { increment, putSameKeys, putVersions, writePairs, writeObjects };

/** Bytes of an object that tell whether they are all there: its number in each, its length in front. */
export function countedBytes(number: number, length = 3_000_000): Uint8Array {
  const bytes = Buffer.alloc(length, number % 251);
  bytes.writeUInt32BE(length);
  return bytes;
}

export function isWhole(bytes: Uint8Array): boolean {
  const fill = bytes.at(-1) ?? 0;
  return Buffer.from(bytes).readUInt32BE() === bytes.length && bytes.subarray(4).every((byte) => byte === fill);
}

/** Adds 1 to one counter `count` times by compare-and-swap, noting each value in an item of its own in the same transaction. */
async function increment({ table }: Stores, { worker, count }: Job): Promise<number> {
  let lost = 0;
  for (let done = 0; done < count; ) {
    const value = Number((await table.get({ pk: "race", sk: "counter" }))?.["value"] ?? 0);
    try {
      await table.transact([
        {
          put: { pk: "race", sk: "counter", value: value + 1 },
          condition: value === 0 ? { item: "absent" } : { where: [{ attribute: "value", is: "=", value }] },
        },
        { put: { pk: "race", sk: `noted/${value + 1}`, worker }, condition: { item: "absent" } },
      ]);
      done += 1;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      lost += 1;
    }
  }
  return lost;
}

/** Tries to be the creator of `count` keys; answers those it created. */
async function putSameKeys({ files }: Stores, { worker, count }: Job): Promise<number[]> {
  const created: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const key = number % 2 === 0 ? `state/race/${number}` : `inbox/race/${number}`;
    if ((await files.putIfAbsent(key, Buffer.from(String(worker)))) === "created") created.push(number);
  }
  return created;
}

/** Adds `count` versions to one key; answers their ids in the order of their puts. */
async function putVersions({ files }: Stores, { worker, count }: Job): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) {
    ids.push((await files.put("inbox/race/file.csv", Buffer.from(`${worker}/${number}`))).version);
  }
  return ids;
}

/** Writes pairs of items, each pair in one transaction, until killed. */
async function writePairs({ table }: Stores, { count }: Job): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const item = (sk: string) => ({ put: { pk: "pairs", sk: `${sk}/${number}`, filler: "x".repeat(20_000) } });
    await table.transact([item("left"), item("right")]);
    process.send?.({ step: number });
  }
}

/** Writes objects in each way there is, until killed. */
async function writeObjects({ files }: Stores, { count }: Job): Promise<void> {
  using scratch = tempFolder();
  for (let number = 0; number < count; number += 1) {
    const bytes = countedBytes(number);
    const path = join(scratch.path, String(number));
    writeFileSync(path, bytes);
    await files.put("state/replaced", bytes);
    await files.putIfAbsent(`state/new/${number}`, bytes);
    await files.putIfAbsent(`state/path/${number}`, { path });
    await files.put("inbox/file.csv", bytes);
    process.send?.({ step: number });
  }
}

async function main(): Promise<void> {
  const [address, job] = process.argv.slice(2).map((text) => JSON.parse(text)) as [StoreAddress, Job];
  const { openStores } = (await import(address.module)) as { openStores: (...args: readonly string[]) => Stores };
  const stores = openStores(...address.args);
  const go = once(process, "message");
  process.send?.({ ready: true });
  await go;
  const result = await jobs[job.name](stores, job);
  process.send?.({ result }, () => process.exit(0));
}

if (process.argv[1] === import.meta.filename) await main();
