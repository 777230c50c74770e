import type { AnswerOf, Client } from "../http/client.ts";
import type { Routes } from "../http/routes.ts";

/** What there is of an account at a moment. */
export interface Snapshot {
  readonly connections: AnswerOf<Routes["GET /connections"]>["items"];
  readonly syncs: AnswerOf<Routes["GET /syncs"]>["items"];
  readonly imports: AnswerOf<Routes["GET /imports"]>["items"];
}

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Called with each look. */
  readonly onLook?: (snapshot: Snapshot, working: readonly string[]) => void;
  /** @default 300 */
  readonly pollMs?: number;
  /** Whether accepted rows that no hour has taken up yet count as work. @default true */
  readonly includesHour?: boolean;
}

/** Waits until nothing of an account is at work any more, and answers how it stands then. */
export async function waitUntilIdle(api: Client<Routes>, options: WaitOptions): Promise<Snapshot> {
  for (;;) {
    const snapshot = await lookAt(api);
    const working = workOf(snapshot, options.includesHour ?? true);
    options.onLook?.(snapshot, working);
    if (working.length === 0) return snapshot;
    await pause(options.pollMs ?? 300, options.signal);
  }
}

async function lookAt(api: Client<Routes>): Promise<Snapshot> {
  // In the order in which rows travel, so that nothing slips from one list to the next between two looks.
  const imports = (await api.call("GET /imports", { query: { limit: 100 } })).items;
  const connections = (await api.call("GET /connections")).items;
  const syncs = (await api.call("GET /syncs")).items;
  return { connections, syncs, imports };
}

/** What is at work, in words. A sync that waits for its next try is not. */
export function workOf({ connections, syncs, imports }: Snapshot, includesHour: boolean): readonly string[] {
  return [
    ...imports.flatMap((item) => {
      if (item.state === "processing") return [`import ${item.file} ${item.rowsProcessed.percent} %`];
      const waits = includesHour && item.rowsAccepted > 0 && item.rowsNew === null && item.intakeSeq !== null;
      return waits ? [`consolidation of ${item.file}`] : [];
    }),
    ...connections.flatMap((item) => (item.isChecking ? [`check of ${item.name}`] : [])),
    ...syncs.flatMap((item) => {
      const name = `${item.tab} ${item.name}`;
      if (item.status === "In progress") return [`${name} ${item.percent ?? 0} %`];
      if (item.status !== "Scheduled") return [];
      if (item.tab === "Historical") return [`${name} about to start`];
      return includesHour && item.dataFreshness?.isUpToDate === false ? [`${name} about to start`] : [];
    }),
  ];
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
