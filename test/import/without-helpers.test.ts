import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutHelpers } from "../../lib/engine/csv/without-helpers.ts";
import { type Engine, startEngine } from "../../lib/engine/engine.ts";

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "helpers-"));
  engine = await startEngine({ tempFolder: folder, threads: 2 });
});

afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** Threads that DuckDB starts of its own. */
async function helpers(): Promise<number> {
  await using session = await engine.open(new AbortController().signal);
  const [answer] = await session.rows(
    "SELECT current_setting('threads') - current_setting('external_threads') AS count",
  );
  return Number(answer?.["count"]);
}

describe("works without helper threads", () => {
  it("have none, and leave them as they were", async () => {
    const before = await helpers();

    const during = await withoutHelpers(engine, helpers);

    expect({ before, during, after: await helpers() }).toEqual({ before: 1, during: 0, after: 1 });
  });

  it("bring them back when the last of many has ended, failed ones too", async () => {
    const failing = () => Promise.reject(new RangeError("no"));

    const ends = await Promise.allSettled([
      withoutHelpers(engine, helpers),
      withoutHelpers(engine, failing),
      withoutHelpers(engine, helpers),
    ]);

    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await helpers()).toBe(1);
  });
});
