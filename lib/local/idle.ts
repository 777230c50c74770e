import type { AnswerOf, Client } from "../http/client.ts";
import type { Routes } from "../http/routes.ts";

/** What there is of an account at a moment. */
export interface Snapshot {
  readonly connections: AnswerOf<Routes["GET /connections"]>["items"];
  readonly syncs: AnswerOf<Routes["GET /syncs"]>["items"];
  readonly imports: AnswerOf<Routes["GET /imports"]>["items"];
}

/** Something that is not done yet. */
interface Work {
  readonly text: string;
  /** Nothing is at work on it: it waits for the hour. */
  readonly waitsForHour: boolean;
}

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Called with each look. */
  readonly onLook?: (snapshot: Snapshot, working: readonly string[]) => void;
  /** @default 300 */
  readonly pollMs?: number;
  /** Whether what waits for the hour is waited for, too. @default true */
  readonly includesHour?: boolean;
  /** Called again and again while nothing but the hour is waited for: rows may have come after the last one began. */
  readonly runHour?: () => Promise<unknown>;
}

const hourPatienceMs = 5_000;

/** Waits until nothing of an account is at work any more, and answers how it stands then. */
export async function waitUntilIdle(api: Client<Routes>, options: WaitOptions): Promise<Snapshot> {
  let waitingSince = performance.now();
  for (;;) {
    const snapshot = await lookAt(api);
    const work = workOf(snapshot).filter((each) => !each.waitsForHour || options.includesHour !== false);
    options.onLook?.(
      snapshot,
      work.map((each) => each.text),
    );
    if (work.length === 0) return snapshot;
    if (work.some((each) => !each.waitsForHour)) waitingSince = performance.now();
    if (options.runHour !== undefined && performance.now() - waitingSince > hourPatienceMs) {
      await options.runHour();
      waitingSince = performance.now();
    }
    await pause(options.pollMs ?? 300, options.signal);
  }
}

/** Lets what is being read be read, runs the hour, and waits until all of it is done. */
export async function runHourAndWait(
  api: Client<Routes>,
  runHour: () => Promise<unknown>,
  options: Omit<WaitOptions, "runHour" | "includesHour">,
): Promise<Snapshot> {
  await waitUntilIdle(api, { ...options, includesHour: false });
  await runHour();
  return waitUntilIdle(api, { ...options, runHour });
}

async function lookAt(api: Client<Routes>): Promise<Snapshot> {
  // In the order in which rows travel, so that nothing slips from one list to the next between two looks.
  const imports = (await api.call("GET /imports", { query: { limit: 100 } })).items;
  const connections = (await api.call("GET /connections")).items;
  const syncs = (await api.call("GET /syncs")).items;
  return { connections, syncs, imports };
}

/** What is not done yet. A sync that waits for its next try is not among it. */
function workOf({ connections, syncs, imports }: Snapshot): readonly Work[] {
  const atWork = (text: string): Work => ({ text, waitsForHour: false });
  const waiting = (text: string): Work => ({ text, waitsForHour: true });
  return [
    ...imports.flatMap((item) => {
      if (item.state === "processing") return [atWork(`import ${item.file} ${item.rowsProcessed.percent} %`)];
      const isWaiting = item.rowsAccepted > 0 && item.rowsNew === null && item.intakeSeq !== null;
      return isWaiting ? [waiting(`consolidation of ${item.file}`)] : [];
    }),
    ...connections.flatMap((item) => (item.isChecking ? [atWork(`check of ${item.name}`)] : [])),
    ...syncs.flatMap((item) => {
      const name = `${item.tab} ${item.name}`;
      if (item.status === "In progress") return [atWork(`${name} ${item.percent ?? 0} %`)];
      if (item.status !== "Scheduled") return [];
      if (item.tab === "Historical") return [atWork(`${name} about to start`)];
      return item.dataFreshness?.isUpToDate === false ? [waiting(`${name} about to start`)] : [];
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
