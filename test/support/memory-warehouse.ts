import * as z from "zod";
import {
  type Batch,
  type Destination,
  type DestinationLimits,
  defineDestination,
  type EncodedFile,
  type OpenOptions,
  type Receipt,
  type StagedFile,
  type Target,
  type Warehouse,
} from "../../lib/destinations/destination.ts";
import { type Engine, sqlText } from "../../lib/engine/engine.ts";
import type { Clock } from "../../lib/flows/ports.ts";
import { errorCodes } from "../../lib/model/error-codes.ts";
import { SyncError } from "../../lib/model/errors.ts";
import type { DataObject } from "../../lib/model/log.ts";
import { comparePositions, dataObjects } from "../../lib/model/log.ts";

export type MemoryRow = Readonly<Record<string, unknown>>;

/** What a test may do to the server. Each `on…` is called before the work it names, and may throw in its stead or wait. */
export interface Mischief {
  onOpen?: () => void | Promise<void>;
  onStage?: (file: EncodedFile) => void | Promise<void>;
  onCommit?: (batch: Batch, fence: number) => void | Promise<void>;
  /** Called after a commit holds and before its answer is on its way: throwing loses the answer. */
  onAnswer?: (batch: Batch) => void | Promise<void>;
  onReceipts?: () => void | Promise<void>;
  /** A row that the warehouse refuses. */
  refuses?: (row: MemoryRow) => boolean;
  /** A row that the warehouse takes at staging, and refuses at the commit. */
  refusesLate?: (row: MemoryRow) => boolean;
  /** Whether such an error names the row: by its line in the staged file, or by its id. */
  naming?: "line" | "id";
  /** Called before a rehearsal. */
  onRehearse?: (batch: Batch) => void | Promise<void>;
  /** Acknowledges commits and does nothing. */
  lies?: boolean;
  /** Polls that a commit takes; 0 commits at once. */
  pollsNeeded?: number;
}

interface Running {
  readonly batch: Batch;
  readonly fence: number;
  pollsLeft: number;
}

/** A warehouse in memory that keeps the destination contract, and breaks it in the ways it is told to. */
export class MemoryServer {
  readonly tables = {
    profiles: new Map<string, MemoryRow>(),
    events: new Map<string, MemoryRow>(),
    metrics: new Map<string, MemoryRow>(),
  };
  readonly receipts: Receipt[] = [];
  /** Whose the tables are. */
  readonly logs = new Map<string, string>();
  readonly fences = new Map<DataObject, number>();
  readonly staged = new Map<string, readonly MemoryRow[]>();
  readonly running = new Map<string, Running>();
  /** Rows merged, repeats included. */
  rowsMerged = 0;
  opened = 0;
  closed = 0;
  mischief: Mischief = {};
  limits: DestinationLimits = { batchRowsMax: 1_000, batchBytesMax: 1e9, batchFilesMax: 2, valueBytesMax: null };
  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  get destination(): Destination {
    return defineDestination({
      kind: "memory",
      title: "Memory",
      settings: z.object({
        host: z.string().meta({ label: "Host", help: "Anything", identity: true }),
        password: z.string().meta({ label: "Password", help: "Anything but `wrong`", secret: true }),
      }),
      staging: "parquet",
      limits: this.limits,
      ports: [],
      setupScript: () => "-- nothing",
      connect: async (settings, target, options) => this.#connect(settings, target, options),
    });
  }

  async #connect(settings: { password: string }, target: Target, options: OpenOptions): Promise<Warehouse> {
    options.signal.throwIfAborted();
    this.opened += 1;
    await this.mischief.onOpen?.();
    if (settings.password === "wrong") throw new SyncError("AUTH_FAILED", { externalMessage: "password mismatch" });
    return {
      check: () => check(this.#foreignLog(target)),
      stage: (file) => this.#stage(file, options),
      commit: (batch, fence) => this.#commit(target, batch, fence, options),
      rehearse: async (batch) => {
        await this.mischief.onRehearse?.(batch);
        this.#refuseLate(batch);
      },
      adopt: async () => {
        for (const object of dataObjects) this.logs.set(tableOf(target, object), target.logId);
      },
      poll: (token) => this.#poll(target, token, options),
      receipts: async (syncId, object, after) => {
        await this.mischief.onReceipts?.();
        return this.receipts
          .filter(
            (each) =>
              each.logId === target.logId && each.syncId === syncId && each.targetTable === tableOf(target, object),
          )
          .filter((each) => comparePositions(each.last, after) > 0)
          .sort((a, b) => comparePositions(a.last, b.last));
      },
      hasReceipt: async (syncId, _object, last) =>
        this.receipts.some((each) => each.syncId === syncId && comparePositions(each.last, last) === 0),
      heads: async (object) => ({ fence: this.fences.get(object) ?? 0, seq: this.#headSeq(target, object) }),
      discard: async (planId) => {
        for (const key of this.staged.keys()) if (key.startsWith(`${planId}/`)) this.staged.delete(key);
      },
      [Symbol.asyncDispose]: async () => {
        this.closed += 1;
      },
    };
  }

  #foreignLog(target: Target): string | undefined {
    const owners = dataObjects.map((object) => this.logs.get(tableOf(target, object)));
    return owners.find((owner) => owner !== undefined && owner !== target.logId);
  }

  #headSeq(target: Target, object: DataObject): number {
    const own = this.receipts.filter((each) => each.targetTable === tableOf(target, object));
    return Math.max(0, ...own.map((each) => each.last.seq));
  }

  async #stage(file: EncodedFile, options: OpenOptions): Promise<StagedFile> {
    await options.onStep?.("stage", "before");
    await this.mischief.onStage?.(file);
    await using session = await this.#engine.open(options.signal);
    const rows = await session.json(`SELECT * FROM read_parquet(${sqlText(file.path)})`);
    const refused = rows.find((row) => this.mischief.refuses?.(row));
    if (refused !== undefined)
      throw new SyncError("ROW_REJECTED", { vendorCode: "M-22", externalMessage: `cannot hold ${refused["id"]}` });
    const location = `${file.planId}/${file.object}/${file.number}`;
    this.staged.set(location, rows);
    await options.onStep?.("stage", "after");
    return { number: file.number, object: file.object, rows: file.rows, bytes: file.bytes, location };
  }

  async #commit(target: Target, batch: Batch, fence: number, options: OpenOptions) {
    await options.onStep?.("begin", "before");
    await this.mischief.onCommit?.(batch, fence);
    const pollsNeeded = this.mischief.pollsNeeded ?? 0;
    if (pollsNeeded === 0) return this.#merge(target, batch, fence, options);
    const token = `token-${this.running.size + 1}`;
    this.running.set(token, { batch, fence, pollsLeft: pollsNeeded });
    return { token };
  }

  async #poll(target: Target, token: string, options: OpenOptions) {
    const running = this.running.get(token);
    if (running === undefined) throw new SyncError("UNKNOWN", { externalMessage: `no statement ${token}` });
    running.pollsLeft -= 1;
    return running.pollsLeft > 0 ? { token } : this.#merge(target, running.batch, running.fence, options);
  }

  async #merge(target: Target, batch: Batch, fence: number, options: OpenOptions): Promise<Receipt> {
    const owner = this.logs.get(tableOf(target, batch.object)) ?? target.logId;
    if (owner !== target.logId) throw new SyncError("FOREIGN_RECEIPTS", { message: `the lease belongs to ${owner}` });
    const held = this.fences.get(batch.object) ?? 0;
    if (held > fence) throw new SyncError("FENCE_LOST", { message: `the fence is ${held}, ours ${fence}` });
    if (this.mischief.lies) return this.#receiptOf(target, batch, fence, { inserted: 0, updated: 0 });
    this.fences.set(batch.object, fence);
    this.logs.set(tableOf(target, batch.object), target.logId);
    const receipt = this.#earlier(batch) ?? this.#apply(target, batch, fence);
    await options.onStep?.("commit", "after");
    await this.mischief.onAnswer?.(batch);
    return receipt;
  }

  #earlier(batch: Batch): Receipt | undefined {
    const near = this.receipts.filter(
      (each) =>
        each.planId === batch.planId &&
        comparePositions(each.last, batch.first) >= 0 &&
        comparePositions(each.first, batch.last) <= 0,
    );
    if (near.length === 0) return undefined;
    const whole = near.find((each) => comparePositions(each.last, batch.last) >= 0);
    if (whole === undefined) throw new SyncError("CONFLICT", { message: "a part of it was committed already" });
    return whole;
  }

  #refuseLate(batch: Batch): void {
    for (const file of [...batch.files, ...(batch.metricFile === null ? [] : [batch.metricFile])]) {
      const rows = this.#rowsOf(file);
      const index = rows.findIndex((row) => this.mischief.refusesLate?.(row));
      if (index < 0) continue;
      const [id, { naming }] = [String(rows[index]?.["id"]), this.mischief];
      const by = naming === "line" ? { line: index + 1 } : { id };
      throw new SyncError("ROW_REJECTED", {
        vendorCode: "M-23",
        vendorRef: "query-1",
        externalMessage: `cannot merge ${id}`,
        ...(naming === undefined ? {} : { badRows: [{ file: file.number, ...by }] }),
      });
    }
  }

  #apply(target: Target, batch: Batch, fence: number): Receipt {
    this.#refuseLate(batch);
    const files = batch.files.flatMap((file) => this.#rowsOf(file));
    const metrics = batch.metricFile === null ? [] : this.#rowsOf(batch.metricFile);
    const counts = this.#upsert(this.tables[batch.object], files, batch);
    this.#upsert(this.tables.metrics, metrics, batch);
    const receipt = this.#receiptOf(target, batch, fence, counts);
    this.receipts.push(receipt);
    return receipt;
  }

  #rowsOf(file: StagedFile): readonly MemoryRow[] {
    const rows = this.staged.get(file.location);
    if (rows === undefined) throw new SyncError("STAGED_GONE", { message: `${file.location} is gone` });
    return rows;
  }

  #upsert(table: Map<string, MemoryRow>, rows: readonly MemoryRow[], batch: Batch) {
    let [inserted, updated] = [0, 0];
    for (const row of rows) {
      this.rowsMerged += 1;
      const [id, old] = [String(row["id"]), table.get(String(row["id"]))];
      if (old !== undefined && Number(old["_seq"]) >= Number(row["_seq"])) continue;
      if (old !== undefined && table === this.tables.events) continue;
      if (old === undefined) inserted += 1;
      else updated += 1;
      table.set(id, { ...row, _synced_at: batch.syncedAt });
    }
    return { inserted, updated };
  }

  #receiptOf(target: Target, batch: Batch, fence: number, counts: { inserted: number; updated: number }): Receipt {
    return {
      logId: target.logId,
      syncId: batch.syncId,
      planId: batch.planId,
      targetTable: tableOf(target, batch.object),
      first: batch.first,
      last: batch.last,
      rowsStaged: batch.rowsStaged,
      rowsInserted: counts.inserted,
      rowsUpdated: counts.updated,
      rowsQuarantined: batch.rowsQuarantined,
      fence,
      committedAt: this.#clock.now(),
    };
  }
}

async function* check(foreignLog: string | undefined) {
  for (const step of ["reach", "login", "privileges", "tables"])
    yield { step, ok: true, detail: "as it should be", errorCode: null, fix: null };
  if (foreignLog !== undefined) {
    const detail = `the tables hold receipts of the log ${foreignLog}`;
    const { fix } = errorCodes.FOREIGN_RECEIPTS;
    yield { step: "receipts", ok: false, detail, errorCode: "FOREIGN_RECEIPTS", fix } as const;
    return;
  }
  yield { step: "load", ok: true, detail: "as it should be", errorCode: null, fix: null };
}

function tableOf(target: Target, object: DataObject): string {
  return `${target.tablePrefix}${object === "profiles" ? "profile" : "event"}`;
}
