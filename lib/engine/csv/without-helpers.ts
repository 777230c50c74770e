import type { Engine } from "../engine.ts";

/** How many works of an engine want no helper threads now. */
const worksByEngine = new WeakMap<Engine, number>();

/**
 * Runs statements that one thread does from end to end, while the engine's threads are those that ask and no others. A
 * helper that takes the only task of such a statement leaves the asking thread to spin until it is done, which costs an
 * import a quarter more CPU: https://github.com/duckdb/duckdb/issues/22178. Other sessions go on, each with its own thread.
 */
export async function withoutHelpers<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  worksByEngine.set(engine, (worksByEngine.get(engine) ?? 0) + 1);
  try {
    await setHelpers(engine, false);
    return await work();
  } finally {
    const left = (worksByEngine.get(engine) ?? 1) - 1;
    worksByEngine.set(engine, left);
    if (left === 0) await setHelpers(engine, true);
  }
}

/** DuckDB starts as many threads of its own as it believes that there are none from outside; one it always counts on. */
async function setHelpers(engine: Engine, isOn: boolean): Promise<void> {
  // Not the work's signal: the helpers come back also after an abort.
  await using session = await engine.open(new AbortController().signal);
  const [answer] = await session.rows("SELECT current_setting('threads') AS threads");
  // A start waits for its own word, so the last word is that of the last end; who starts beside an end may get a helper.
  const threads = isOn && worksByEngine.get(engine) === 0 ? 1 : Number(answer?.["threads"] ?? 1);
  await session.run(`SET external_threads = ${threads}`);
}
