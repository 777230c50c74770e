import type { Socket } from "node:net";
import type * as z from "zod";
import type { CheckOutcome } from "../model/connection.ts";
import { SyncError } from "../model/errors.ts";
import type { LogId, RunId, SyncId } from "../model/ids.ts";
import type { DataObject, Position } from "../model/log.ts";
import type { Price } from "../model/price.ts";
import type { Instant } from "../model/time.ts";
import type { DestinationAbout } from "./destination-about.ts";

/**
 * How staged files are encoded. `parquet` files may be handed over as they lie in the change log. `ndjson.gz` nests JSON
 * values, `ndjson-text.gz` has them as texts, which no reader rounds.
 */
export type StagingFormat = "parquet" | "csv" | "ndjson.gz" | "ndjson-text.gz" | "csv.gz";

/** Marks on a settings field, read by form, API and connection store: `z.string().meta({ secret: true, label: "…" })`. */
export interface SettingMeta {
  /** Exactly the label of the product's form. */
  readonly label: string;
  readonly help: string;
  /** Kept in `Secrets`, never shown. */
  readonly secret?: boolean;
  /** Names the target: frozen after the first Enabled. */
  readonly identity?: boolean;
}

export interface DestinationLimits {
  /** Rows, bytes and files that one commit takes at most. */
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly batchFilesMax: number;
  /** A text or JSON value longer than this many bytes cannot be held (null: no limit); its row is quarantined. */
  readonly valueBytesMax: number | null;
  /** A JSON value as a whole, where that may be longer than the strings within it. @default valueBytesMax */
  readonly jsonBytesMax?: number;
}

/** What a session needs from outside. Nothing else of the machine is touched. */
export interface OpenOptions {
  readonly signal: AbortSignal;
  /** Opens every socket: resolves the host once, checks each address, dials the checked one. */
  readonly dial: Dial;
  /** A folder of the account's own on this machine, for the embedded kind. */
  readonly folder: string;
  /** The account's own place in our bucket, for kinds whose warehouse loads from objects; none where there is no bucket. */
  readonly staging?: StagingArea;
  /** Where services of AWS answer (`sts`, `s3`, `redshift-data`) when not at their public addresses. */
  readonly awsEndpoints?: Readonly<Record<string, string>>;
  /** Our own keys, with which customers' roles are taken on. @default those that the SDK finds for this process */
  readonly awsKeys?: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
  /** Whether a connection may name a store of its own where its kind has a public one; the operator decides. @default false */
  readonly allowsEndpoints?: boolean;
  /** Called before and after each step with an outside effect, by the names of `StepName`; tests kill here. */
  readonly onStep?: (step: StepName, moment: "before" | "after") => void | Promise<void>;
}

export type StepName =
  | "stage"
  | "begin"
  | "fence"
  | "look-up"
  | "merge"
  | "receipt"
  | "commit"
  | "read-back"
  | "discard";

/** Objects beside the warehouse, which it reads by itself. All keys begin with `address.prefix`. */
export interface StagingArea {
  readonly address: { readonly bucket: string; readonly region: string; readonly prefix: string };
  /** Twice is the same as once; replaces what is there. Held in memory, so that it can be tried again. */
  put(key: string, body: { readonly bytes: Uint8Array }): Promise<void>;
  /** Keys under a prefix, in order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Keys that are not there are no failure. */
  delete(keys: readonly string[]): Promise<void>;
  /** Keys for the warehouse, good for reading what lies under a prefix and for nothing else, for at most an hour. */
  credentials(prefix: string): Promise<StagingKeys>;
}

interface StagingKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Missing where the keys are the customer's own. */
  readonly sessionToken?: string;
}

/** Dials `host:port` by TCP. Throws `HOST_BLOCKED` or `HOST_UNREACHABLE`. */
export type Dial = (host: string, port: number, signal: AbortSignal) => Promise<Socket>;

/** Where everything of a connection goes. */
export interface Target {
  readonly logId: LogId;
  readonly tablePrefix: string;
  /** Random, ours, and the connection's own: what a customer's role asks for before it lets itself be taken on. */
  readonly externalId?: string;
}

/** One file of a plan, encoded and on this disk. */
export interface EncodedFile {
  readonly planId: RunId;
  /** Number within the plan; staged under plan and number, so staging twice is staging once. */
  readonly number: number;
  /** `metrics` rides in an events batch. */
  readonly object: DataObject | "metrics";
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Range of `event_at`, where the file holds events. */
  readonly eventAtMin?: Instant;
  readonly eventAtMax?: Instant;
}

/** A file that lies staged in or beside the warehouse; small, and kept in our records. */
export interface StagedFile {
  readonly number: number;
  readonly object: DataObject | "metrics";
  readonly rows: number;
  readonly bytes: number;
  /** The destination's own words for where it lies. */
  readonly location: string;
  readonly eventAtMin?: Instant;
  readonly eventAtMax?: Instant;
}

/** Consecutive whole files of one plan, committed at once. */
export interface Batch {
  readonly syncId: SyncId;
  readonly planId: RunId;
  readonly object: DataObject;
  /** Positions of the first and last file, both inclusive. */
  readonly first: Position;
  readonly last: Position;
  readonly files: readonly StagedFile[];
  readonly metricFile: StagedFile | null;
  readonly rowsStaged: number;
  /** The `_synced_at` of every row of the batch. Staged files do not hold it. */
  readonly syncedAt: Instant;
  readonly rowsQuarantined: number;
}

/** What a committed batch left in the warehouse, as read back from it. */
export interface Receipt {
  readonly logId: LogId;
  readonly syncId: SyncId;
  readonly planId: RunId;
  readonly targetTable: string;
  readonly first: Position;
  readonly last: Position;
  readonly rowsStaged: number;
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
  readonly rowsQuarantined: number;
  readonly fence: number;
  readonly committedAt: Instant;
}

/** A commit that goes on in the warehouse; `token` is stored, and polled by whoever holds the lease. */
export interface RunningCommit {
  readonly token: string;
}

/** A step of the check as it ends; `fix` says what to change, filled in with the user's names. */
export type CheckStep = CheckOutcome;

/** An open session with one warehouse; `await using` closes it. */
export interface Warehouse extends AsyncDisposable {
  /** Yields each step as it ends and stops after the first that failed. Steps: reach, tls, login, privileges, tables, columns, receipts, load. */
  check(): AsyncIterable<CheckStep>;
  /** Brings one file in or beside the warehouse. Twice is the same as once. */
  stage(file: EncodedFile): Promise<StagedFile>;
  /**
   * Raises the lease row to `fence`, merges the staged files and leaves the receipt, in one transaction. Answers the
   * receipt that is there when the batch was committed before. Throws `FENCE_LOST` where the lease row is higher.
   */
  commit(batch: Batch, fence: number): Promise<Receipt | RunningCommit>;
  /**
   * Does the work of a commit short of lease and receipt, and takes it back. Throws what the warehouse throws for the
   * batch's rows: by it a refused file is split until its bad rows are alone. Left out by kinds that look at no row before
   * a reader does, or whose errors always name the rows (`badRows`).
   */
  rehearse?(batch: Batch): Promise<void>;
  /**
   * Makes the tables our log's: in one transaction their lease rows pass to it, whatever log or earlier time of ours left
   * them. Rows, receipts and fences stay as they are. From then on the other log's writers find the lease lost
   * (`FOREIGN_RECEIPTS`), and the check no longer minds their receipts. Twice is the same as once.
   */
  adopt?(): Promise<void>;
  /** Asks after a running commit; cancels and throws `TIMEOUT` when it is past its time. A failed one throws as `commit` would. */
  poll(token: string): Promise<Receipt | RunningCommit>;
  /** Receipts of a sync whose last file lies after a position, in log order. Reads only. */
  receipts(syncId: SyncId, object: DataObject, after: Position): Promise<readonly Receipt[]>;
  /** Whether the receipt that ended at this position is still there. */
  hasReceipt(syncId: SyncId, object: DataObject, last: Position): Promise<boolean>;
  /** The highest fence and log seq that the object's table shows, by any sync; zeros where it shows none. Reads only. */
  heads(object: DataObject): Promise<{ readonly fence: number; readonly seq: number }>;
  /** Removes what was staged for a plan. Twice is the same as once. */
  discard(planId: RunId): Promise<void>;
}

/** What a setup script is filled with besides the settings. What is not known is left as a name in angle brackets. */
export interface ScriptTarget extends Pick<Target, "tablePrefix" | "externalId"> {
  /** ARN of who we are when we take a customer's role on. */
  readonly principalArn?: string;
  /** The VPC endpoint through which we reach S3 in our own region. */
  readonly vpcEndpointId?: string;
}

/** A load as its cost depends on it: estimates, since nothing was sent yet. */
export interface LoadVolume {
  readonly rows: number;
  /** In Parquet. */
  readonly bytes: number;
  readonly files: number;
  readonly batches: number;
  readonly seconds: number;
}

/** One line of what a load costs. */
export interface CostItem {
  readonly what: string;
  /** In the units of the price. */
  readonly quantity: number;
  readonly price: Price;
}

/** What a kind hands to `defineDestination`: typed by its own settings. */
export interface DestinationSpec<S extends z.ZodObject> {
  readonly kind: string;
  readonly title: string;
  readonly settings: S;
  readonly staging: StagingFormat;
  /** Where the settings decide it. @default staging */
  readonly stagingOf?: (settings: Partial<z.infer<S>>) => StagingFormat;
  readonly limits: DestinationLimits;
  /** Only where the product runs on one machine. @default false */
  readonly embeddedOnly?: boolean;
  /** TCP ports on which warehouses of this kind listen; `any` where their owners choose. The writer's way out is as wide and no wider. */
  readonly ports: readonly number[] | "any";
  /** Printed by `npm run docs`, which refuses a registered kind without. */
  readonly about?: DestinationAbout;
  /** What a load costs the customer at the warehouse; empty where nothing is paid by use. Left out where that is not known. */
  readonly costs?: (load: LoadVolume) => readonly CostItem[];
  /** Statements a customer's administrator runs once: tables, receipts, user, grants; re-runnable. */
  readonly setupScript: (settings: Partial<z.infer<S>>, target: ScriptTarget) => string;
  /** Loads the driver itself, so that whoever only needs the definition does without. */
  readonly connect: (settings: z.infer<S>, target: Target, options: OpenOptions) => Promise<Warehouse>;
}

/** A kind of warehouse as everybody else sees it: settings are checked on the way in. */
export interface Destination {
  readonly kind: string;
  /** Null where it is not known what a load costs. */
  readonly costs: ((load: LoadVolume) => readonly CostItem[]) | null;
  readonly title: string;
  readonly settings: z.ZodObject;
  readonly staging: StagingFormat;
  readonly limits: DestinationLimits;
  readonly embeddedOnly: boolean;
  readonly ports: readonly number[] | "any";
  readonly about?: DestinationAbout;
  setupScript(settings: Record<string, unknown>, target: ScriptTarget): string;
  /** How a connection with these settings wants its files. */
  stagingOf(settings: Readonly<Record<string, unknown>>): StagingFormat;
  /** Throws `SETTINGS_INVALID` naming the field. */
  open(settings: unknown, target: Target, options: OpenOptions): Promise<Warehouse>;
}

/** Closes a kind's own settings type in, so that a registry of many kinds stays typed. */
export function defineDestination<S extends z.ZodObject>(spec: DestinationSpec<S>): Destination {
  return {
    kind: spec.kind,
    title: spec.title,
    settings: spec.settings,
    staging: spec.staging,
    limits: spec.limits,
    embeddedOnly: spec.embeddedOnly ?? false,
    ports: spec.ports,
    costs: spec.costs ?? null,
    ...(spec.about === undefined ? {} : { about: spec.about }),
    stagingOf: (settings) => spec.stagingOf?.(settings as Partial<z.infer<S>>) ?? spec.staging,
    setupScript: (settings, target) => spec.setupScript(settings as Partial<z.infer<S>>, target),
    open: async (settings, target, options) => spec.connect(parseSettings(spec.settings, settings), target, options),
  };
}

function parseSettings<S extends z.ZodObject>(schema: S, settings: unknown): z.infer<S> {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SyncError("SETTINGS_INVALID", {
    message: `${issue?.path.join(".") || "settings"}: ${issue?.message ?? "not valid"}`,
  });
}
