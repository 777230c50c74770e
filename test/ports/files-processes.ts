import { expect, test } from "vitest";
import type { OpenFilesBed } from "./files-contract.ts";
import { isWhole } from "./port-worker.ts";
import { race, untilKilled } from "./port-workers.ts";

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));

/** What holds with many processes, and when they die. */
export function describeProcesses(open: OpenFilesBed, kills: number): void {
  test("of many processes that put one key if absent, one wins", async () => {
    await using bed = await open();
    const [workers, count] = [4, 40];

    const created = (await race(bed.address, { name: "putSameKeys", count }, workers)) as number[][];

    expect(created.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
    for (const [worker, numbers] of created.entries()) {
      for (const number of numbers) {
        const key = number % 2 === 0 ? `state/race/${number}` : `inbox/race/${number}`;
        expect(text(await bed.files.get(key))).toBe(String(worker));
      }
    }
    expect(await bed.files.versions("inbox/race/")).toHaveLength(count / 2);
  });

  test("versions put by many processes all count, each process's in its order", async () => {
    await using bed = await open();
    const [workers, count] = [4, 25];

    const ids = (await race(bed.address, { name: "putVersions", count }, workers)) as string[][];

    const versions = await bed.files.versions("inbox/race/");
    const order = versions.map((info) => info.version);
    expect(order.toSorted()).toEqual(ids.flat().sort());
    for (const own of ids) expect(order.filter((id) => own.includes(id))).toEqual(own);
  });

  test("a process killed in mid-write leaves nothing half, and all that it acknowledged", async () => {
    await using bed = await open();
    const seen = new Set<string>();

    for (let round = 0; round < kills; round += 1) {
      const job = { name: "writeObjects", worker: 0, count: 1_000_000 } as const;
      const acknowledged = await untilKilled(bed.address, job, { afterSteps: 1 + round, thenMs: round * 7 });

      const infos = await bed.files.versions("");
      for (const info of infos) {
        const name = JSON.stringify(info);
        if (seen.has(name)) continue;
        seen.add(name);
        const bytes = await bed.files.get(info.key, { version: info.version });
        expect(bytes !== undefined && isWhole(bytes), `${info.key} is whole`).toBe(true);
      }
      const written = acknowledged.flatMap((number) => [`state/new/${number}`, `state/path/${number}`]);
      expect(infos.map((info) => info.key)).toEqual(expect.arrayContaining(written));
    }
  });
}
