import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Batch,
  Destination,
  EncodedFile,
  Receipt,
  RunningCommit,
  Warehouse,
} from "../../lib/destinations/destination.ts";
import type { ErrorCode } from "../../lib/model/error-codes.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { RunId, SyncId } from "../../lib/model/ids.ts";
import type { DataObject, Position } from "../../lib/model/log.ts";

/** How often each fault happens, from 0 to 1. */
export interface FaultRates {
  /** A call fails and nothing of it was done. */
  readonly refuses: number;
  /** A call is done, and fails. */
  readonly losesAnswer: number;
  /** A commit is acknowledged, with a receipt made up, and nothing was done. */
  readonly lies: number;
  /** A commit fails, and goes in long after: by a sleeping elder with its old fence. */
  readonly sleeps: number;
  /** A call is made twice at once. */
  readonly repeats: number;
  /** A commit answers with a token and has to be polled. */
  readonly polls: number;
  /** A call takes its time. */
  readonly dawdles: number;
}

export const troubled: FaultRates = {
  refuses: 0.08,
  losesAnswer: 0.08,
  lies: 0.06,
  sleeps: 0.06,
  repeats: 0.1,
  polls: 0.2,
  dawdles: 0.2,
};

/** Failures that pass by themselves; a warehouse that speaks of anything else stops a sync, and that is right. */
const passing: readonly ErrorCode[] = ["CONNECTION_LOST", "TIMEOUT", "THROTTLED", "DEST_BUSY", "CONFLICT", "UNKNOWN"];

type Open = Destination["open"];
type Fault = keyof FaultRates;

/** A warehouse of any kind whose sessions fail, dawdle and lie, by seed. What it says it holds stays true: `receipts` is the only witness. */
export class FaultyDestination {
  /** How often each fault happened. */
  readonly faults: Record<Fault, number> = {
    refuses: 0,
    losesAnswer: 0,
    lies: 0,
    sleeps: 0,
    repeats: 0,
    polls: 0,
    dawdles: 0,
  };
  readonly #inner: Destination;
  readonly #seed: number;
  readonly #calls = new Map<string, number>();
  readonly #sleepers: (() => Promise<unknown>)[] = [];
  readonly #running = new Map<string, { readonly batch: Batch; readonly fence: number; pollsLeft: number }>();
  #rates: FaultRates | undefined;

  constructor(inner: Destination, seed: number) {
    this.#inner = inner;
    this.#seed = seed;
  }

  /** With rates it begins to fail; without, it keeps its promises again. */
  behave(rates: FaultRates | undefined): void {
    this.#rates = rates;
  }

  /** Lets the elders that sleep in their commits go on, one after another. */
  async wakeSleepers(): Promise<void> {
    for (const wake of this.#sleepers.splice(0)) await wake().catch(() => undefined);
  }

  get destination(): Destination {
    return {
      ...this.#inner,
      open: async (...args) => {
        await this.#maybeRefuse("open");
        return this.#sabotaged(await this.#inner.open(...args), args);
      },
    };
  }

  #sabotaged(inner: Warehouse, opening: Parameters<Open>): Warehouse {
    const prone = <Args extends unknown[], T>(name: string, call: (...args: Args) => Promise<T>) => {
      return (...args: Args) => this.#call(`${name} ${subjectOf(args)}`, () => call(...args));
    };
    return {
      ...inner,
      check: () => inner.check(),
      stage: prone("stage", (file: EncodedFile) => inner.stage(file)),
      discard: prone("discard", (planId: RunId) => inner.discard(planId)),
      receipts: prone("receipts", (syncId: SyncId, object: DataObject, position: Position) =>
        inner.receipts(syncId, object, position),
      ),
      hasReceipt: prone("hasReceipt", (syncId: SyncId, object: DataObject, position: Position) =>
        inner.hasReceipt(syncId, object, position),
      ),
      heads: prone("heads", (object: DataObject) => inner.heads(object)),
      commit: (batch, fence) => this.#commit(inner, opening, batch, fence),
      poll: (token) => this.#poll(inner, opening, token),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }

  async #call<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.#happens("dawdles", name)) await sleep(1 + Math.floor(this.#draw(`${name} ms`) * 4));
    await this.#maybeRefuse(name);
    const twin = this.#happens("repeats", name) ? call() : undefined;
    const [answer] = await Promise.allSettled([call(), twin]);
    if (this.#happens("losesAnswer", name)) throw this.#passingError(name);
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  }

  async #commit(inner: Warehouse, opening: Parameters<Open>, batch: Batch, fence: number) {
    const name = `commit ${batch.planId} ${batch.first.seq}/${batch.first.file}`;
    // Whoever slept until now may wake in between.
    if (this.#draw(`${name} wakes`) < 0.3) await this.wakeSleepers();
    if (this.#happens("lies", name)) return madeUp(opening, batch, fence);
    if (this.#happens("sleeps", name)) {
      this.#sleepers.push(() => this.#commitLate(opening, batch, fence));
      throw this.#passingError(name);
    }
    if (this.#happens("polls", name)) {
      const token = `token ${name} ${fence}`;
      this.#running.set(token, { batch, fence, pollsLeft: 1 + Math.floor(this.#draw(token) * 3) });
      return { token };
    }
    return this.#call(name, () => inner.commit(batch, fence));
  }

  async #poll(inner: Warehouse, opening: Parameters<Open>, token: string): Promise<Receipt | RunningCommit> {
    const running = this.#running.get(token);
    if (running === undefined) return inner.poll(token);
    await this.#maybeRefuse(token);
    running.pollsLeft -= 1;
    if (running.pollsLeft > 0) return { token };
    this.#running.delete(token);
    if (this.#happens("lies", token)) return madeUp(opening, running.batch, running.fence);
    return this.#call(token, () => inner.commit(running.batch, running.fence));
  }

  /** By a session of its own: the one that sent it is long gone. */
  async #commitLate([settings, target, options]: Parameters<Open>, batch: Batch, fence: number): Promise<unknown> {
    const { onStep: _, ...rest } = options;
    await using late = await this.#inner.open(settings, target, { ...rest, signal: AbortSignal.timeout(30_000) });
    return await late.commit(batch, fence);
  }

  async #maybeRefuse(name: string): Promise<void> {
    if (this.#happens("refuses", name)) throw this.#passingError(name);
  }

  #passingError(name: string): SyncError {
    const code = passing[Math.floor(this.#draw(`${name} code`) * passing.length)] ?? "UNKNOWN";
    return new SyncError(code, { externalMessage: `a fault by seed ${this.#seed}` });
  }

  #happens(fault: Fault, name: string): boolean {
    const rate = this.#rates?.[fault] ?? 0;
    if (rate === 0 || this.#draw(`${name} ${fault}`) >= rate) return false;
    this.faults[fault] += 1;
    return true;
  }

  /** By seed, name and how often it was asked; so calls that run side by side do not change one another's luck. */
  #draw(name: string): number {
    const time = (this.#calls.get(name) ?? 0) + 1;
    this.#calls.set(name, time);
    const digest = createHash("sha1").update(`${this.#seed}/${name}/${time}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  }
}

function subjectOf(args: readonly unknown[]): string {
  const [first] = args;
  if (typeof first === "string") return first;
  const file = first as { planId?: string; object?: string; number?: number } | undefined;
  return `${file?.planId}/${file?.object}/${file?.number}`;
}

function madeUp([, target]: Parameters<Open>, batch: Batch, fence: number): Receipt {
  return {
    logId: target.logId,
    syncId: batch.syncId,
    planId: batch.planId,
    targetTable: `${target.tablePrefix}${batch.object === "profiles" ? "profile" : "event"}`,
    first: batch.first,
    last: batch.last,
    rowsStaged: batch.rowsStaged,
    rowsInserted: batch.rowsStaged,
    rowsUpdated: 0,
    rowsQuarantined: batch.rowsQuarantined,
    fence,
    committedAt: batch.syncedAt,
  };
}
