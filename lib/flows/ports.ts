import type { SshKey, User } from "../model/account.ts";
import type { Instant } from "../model/time.ts";

/** Plain JSON under a two-part key. `expiresAt` in the past makes the item read as absent. */
export interface Item {
  readonly pk: string;
  readonly sk: string;
  readonly expiresAt?: Instant;
  readonly [attribute: string]: unknown;
}

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** One comparison with an attribute of the stored item. An absent item has no attributes. */
export type Clause =
  | { readonly attribute: string; readonly is: "absent" | "present" }
  | {
      readonly attribute: string;
      readonly is: "=" | "<>" | "<" | "<=" | ">" | ">=";
      readonly value: string | number | boolean;
    };

/** All clauses must hold (`<` and its like fail on an absent attribute; `<>` holds on one). `item: "absent"` or `"present"` speaks of the whole item. */
export interface Condition {
  readonly item?: "absent" | "present";
  readonly where?: readonly Clause[];
}

export type TableWrite =
  | { readonly put: Item; readonly condition?: Condition }
  | { readonly delete: ItemKey; readonly condition?: Condition }
  | { readonly check: ItemKey; readonly condition: Condition };

export interface TableQuery {
  readonly pk: string;
  /** Smallest sort key, inclusive. */
  readonly from?: string;
  /** Largest sort key, exclusive. */
  readonly to?: string;
  readonly order?: "ascending" | "descending";
  /** @default 100 */
  readonly limit?: number;
  /** From an earlier page's `cursor`. */
  readonly cursor?: string;
}

export interface TablePage {
  readonly items: readonly Item[];
  /** Present while there is more. A page may be short, even empty, and still have one. */
  readonly cursor?: string;
}

export const transactionItemsMax = 25;
export const itemBytesMax = 64 * 1024;

/** Thrown by a put, delete or transaction whose condition does not hold. Nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
  /** Index of the first write whose condition failed. */
  readonly index: number;

  constructor(index = 0) {
    super(`the condition of write ${index} does not hold`);
    this.index = index;
  }
}

/** The state store: strongly consistent, no secondary index. Refuses items over 64 KiB and transactions over 25 writes with a `RangeError`. */
export interface Table {
  get(key: ItemKey): Promise<Item | undefined>;
  query(query: TableQuery): Promise<TablePage>;
  put(item: Item, condition?: Condition): Promise<void>;
  delete(key: ItemKey, condition?: Condition): Promise<void>;
  /** All or nothing. Two writes of one transaction may not name the same key. */
  transact(writes: readonly TableWrite[]): Promise<void>;
}

/** Bytes, or a local file whose content is taken over (the file itself stays the caller's). */
export type FileBody = Uint8Array | { readonly path: string };

export interface FileInfo {
  readonly key: string;
  readonly version: string;
  readonly bytes: number;
  readonly modifiedAt: Instant;
}

/** A local copy of an object or of a range of it, or the object itself where it lies on this disk: read-only. */
export interface LocalFile extends AsyncDisposable {
  readonly path: string;
  /** Of the object, or of what there is of the range. */
  readonly bytes: number;
  /** Where in `path` the first of these bytes lies: only behind a whole object it is surely 0. */
  readonly offset: number;
}

/**
 * Objects by key. Keys are `/`-separated, at most 1,024 bytes. Keys under `inbox/` keep every version; elsewhere a
 * key has one. A reader never sees half an object. `NotFound` is answered by `undefined`, by `download` with `OBJECT_GONE`.
 */
export interface Files {
  /** Writes the object unless the key exists; `"exists"` left it as it was. */
  putIfAbsent(key: string, body: FileBody): Promise<"created" | "exists">;
  /** Writes or replaces the object; under `inbox/` adds a version. */
  put(key: string, body: FileBody): Promise<FileInfo>;
  /** The whole object, or `range` of it (end exclusive). For small things; data goes by `download`. */
  get(
    key: string,
    options?: { version?: string; range?: { start: number; end: number } },
  ): Promise<Uint8Array | undefined>;
  stat(key: string, version?: string): Promise<FileInfo | undefined>;
  /** Writes an object's bytes under another key, within the store: no size is too large for this machine. Throws `OBJECT_GONE`. */
  copy(from: { readonly key: string; readonly version?: string }, to: string): Promise<void>;
  /** For DuckDB to read: the whole object, or at least `range` of it (end exclusive). Dispose when done. */
  download(
    key: string,
    options?: { version?: string; range?: { start: number; end: number }; signal?: AbortSignal },
  ): Promise<LocalFile>;
  /** Newest versions in key order, after `after` (exclusive), at most `limit` (default 1,000). */
  list(prefix: string, options?: { after?: string; limit?: number }): Promise<readonly FileInfo[]>;
  /** Every version under a prefix, by key, oldest first; over `limit` where the last key has more, so that `after` skips none. */
  versions(prefix: string, options?: { after?: string; limit?: number }): Promise<readonly FileInfo[]>;
  /** Deletes one version, or all of them. Deleting what is not there is no error. */
  delete(key: string, version?: string): Promise<void>;
  /** An address that lets its holder GET or PUT this key for a while. */
  presign(method: "GET" | "PUT", key: string, secondsValid: number): Promise<string>;
}

/** Secret values by reference. `get` throws `SECRET_UNAVAILABLE` where there is none. */
export interface Secrets {
  put(ref: string, value: string): Promise<void>;
  get(ref: string): Promise<string>;
  delete(ref: string): Promise<void>;
}

export type WorkflowName = "import" | "consolidate" | "sync" | "dispatch" | "check-connection";
export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** Runs the machines of `state-machines/`. */
export interface Workflows {
  /** Starts a named execution. The same name again answers `"exists"` and starts nothing. */
  start(machine: WorkflowName, name: string, input: Readonly<Record<string, unknown>>): Promise<"started" | "exists">;
  /** Asks an execution to stop; its tasks see their signal abort. Stopping what has ended is no error. */
  stop(machine: WorkflowName, name: string): Promise<void>;
  /** Undefined when no such execution is known (the embedded interpreter forgets on exit). */
  describe(machine: WorkflowName, name: string): Promise<ExecutionStatus | undefined>;
}

/** The steps that dial a warehouse. */
export const writerStepNames = [
  "check-connection",
  "commit-batch",
  "discard-staging",
  "list-receipts",
  "plan-run",
  "stage-file",
  "try-step",
] as const;
export type WriterStepName = (typeof writerStepNames)[number];

/** Runs steps that dial warehouses where the network lets them. Rejects with the step's own error, code and all, as if it had run here. */
export interface Writers {
  /** Input and answer are JSON. Throws `NOT_FOUND` for a kind that this installation does not offer. */
  call(kind: string, step: WriterStepName, input: unknown, signal: AbortSignal): Promise<unknown>;
}

/** Who may log in to the SFTP endpoint. Every call is idempotent. */
export interface SftpUsers {
  createUser(user: User): Promise<void>;
  addKey(user: User, key: SshKey): Promise<void>;
  /** Open sessions that came by this key end. */
  removeKey(user: User, key: SshKey): Promise<void>;
  /** The user cannot log in any more, by any key, and open sessions end. */
  removeUser(user: User): Promise<void>;
}

export interface Clock {
  now(): Instant;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Randomness {
  bytes(count: number): Uint8Array;
  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number;
}
