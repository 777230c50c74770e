import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type {
  Batch,
  CheckStep,
  Destination,
  OpenOptions,
  Receipt,
  RunningCommit,
  StagedFile,
  Warehouse,
} from "../../lib/destinations/destination.ts";
import { destinations, loadDestination } from "../../lib/destinations/registry.ts";
import { loadTestbed, type StartTestbed, type Testbed, testbedsOf } from "../../lib/destinations/testbed.ts";
import type { LogId, RunId, SyncId } from "../../lib/model/ids.ts";
import type { DataObject, Position } from "../../lib/model/log.ts";
import type { Instant } from "../../lib/model/time.ts";
import { type ChangeRow, writeChangeFile } from "./change-files.ts";

export const kinds = Object.keys(destinations);

interface Bed {
  readonly kind: string;
  readonly start: StartTestbed;
  readonly isVariant?: boolean;
}

/** Every stand-in of every registered kind. A kind without one has one that fails to start, so the suite cannot pass it by. */
const bedsByName = new Map((await Promise.all(kinds.map(bedsOfKind))).flat());

/** Names of the stand-ins that the suite runs on: the kind's own, with its transport where it has several. */
export const beds: readonly string[] = [...bedsByName.keys()];

/** Those that commit each in their own way; at full size (`WS_FULL=1`, as `npm run test:full` sets it) all of them. */
export const commitBeds: readonly string[] = beds.filter(
  (name) => process.env["WS_FULL"] === "1" || bedsByName.get(name)?.isVariant !== true,
);

/** Those whose rows lie in tables that an administrator can drop or alter. */
export const bedsWithTables: readonly string[] = (
  await Promise.all(
    beds.map(async (name) => ((await loadDestination(kindOf(name))).about?.keeps === "files" ? [] : [name])),
  )
).flat();

async function bedsOfKind(kind: string): Promise<readonly (readonly [string, Bed])[]> {
  try {
    const module = await loadTestbed(kind);
    const variants = new Set(module.variants?.map((name) => `${kind} ${name}`));
    return [...testbedsOf(kind, module)].map(([name, start]) => [name, { kind, start, isVariant: variants.has(name) }]);
  } catch (cause) {
    const start = () => Promise.reject(new Error(`${kind} has no testbed that can be started`, { cause }));
    return [[kind, { kind, start }]];
  }
}

/** By its own name, or the first of a kind. */
function bedOf(name: string): Bed {
  const bed = bedsByName.get(name) ?? [...bedsByName.values()].find(({ kind }) => kind === name);
  if (bed === undefined) throw new TypeError(`no kind is registered that has a testbed ${name}`);
  return bed;
}

/** The kind of warehouse that a stand-in plays. */
export function kindOf(name: string): string {
  return bedOf(name).kind;
}

/** One of each stand-in that a test file has used stays open to the file's end: what a kind's stand-ins share (a server) is then started once. */
const held = new Map<string, Promise<Testbed>>();
afterAll(async () => {
  for (const bed of held.values()) await (await bed)[Symbol.asyncDispose]();
  held.clear();
});

/** Starts a stand-in by its name, or the first of a kind. Fails where a kind has none: every kind has to pass the suite. */
export async function startBed(name: string): Promise<Testbed> {
  const { start } = bedOf(name);
  const first = held.get(name) ?? start();
  held.set(name, first);
  await first;
  return start();
}

export interface OpenRequest {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly logId?: string;
  readonly tablePrefix?: string;
  readonly onStep?: OpenOptions["onStep"];
  readonly signal?: AbortSignal;
  readonly dial?: OpenOptions["dial"];
}

interface BatchRequest {
  readonly object?: DataObject;
  /** Rows of each file, in order. */
  readonly files: readonly (readonly ChangeRow[])[];
  readonly metrics?: readonly ChangeRow[];
  readonly planId?: string;
  readonly syncId?: string;
  /** The files' positions are (seq, 1), (seq, 2), … @default 1 */
  readonly seq?: number;
  readonly rowsQuarantined?: number;
}

export interface WarehouseRig extends AsyncDisposable {
  readonly bed: Testbed;
  readonly destination: Destination;
  /** For files of the test's own. */
  readonly folder: string;
  open(request?: OpenRequest): Promise<Warehouse>;
  /** Stages the batch's files and answers the batch. */
  stage(warehouse: Warehouse, request: BatchRequest): Promise<Batch>;
  /** What a receipt counts. Kinds that keep files add every row, and leave it to their views which one shows. */
  counts(
    staged: number,
    inserted: number,
    updated: number,
  ): Pick<Receipt, "rowsStaged" | "rowsInserted" | "rowsUpdated">;
  /** Receipts as the warehouse shows them to anyone, the lease rows aside. */
  receipts(): Promise<readonly Record<string, unknown>[]>;
  /** Makes the tables of another prefix, as the setup script says. */
  setUp(tablePrefix: string): Promise<void>;
  /** Takes away the receipts, as anyone with rights over the target could. */
  loseReceipts(): Promise<void>;
}

export const syncedAt = Date.UTC(2026, 10, 24, 18, 0, 0, 0) as Instant;
const ourLog = "lg00000000000001";

/** A testbed whose tables the check has found or made, and what a test does with it. */
export async function warehouseRig(name: string): Promise<WarehouseRig> {
  const kind = kindOf(name);
  const destination = await loadDestination(kind);
  await using started = new AsyncDisposableStack();
  const bed = started.use(await startBed(name));
  const folder = await mkdtemp(join(tmpdir(), "warehouse-sync-rig-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const open = (request: OpenRequest = {}) =>
    destination.open(
      { ...bed.settings, ...request.settings },
      { logId: (request.logId ?? ourLog) as LogId, tablePrefix: request.tablePrefix ?? "klaviyo_", ...bed.target },
      {
        signal: request.signal ?? AbortSignal.timeout(60_000),
        dial: request.dial ?? bed.dial,
        folder: bed.folder,
        ...bed.options,
        ...(request.onStep === undefined ? {} : { onStep: request.onStep }),
      },
    );
  await using first = await open();
  for await (const step of first.check()) if (!step.ok) throw new Error(`${kind}: ${step.step}: ${step.detail}`);
  const kept = started.move();
  return {
    bed,
    destination,
    folder,
    open,
    stage: (warehouse, request) =>
      stageBatch(warehouse, { ...request, format: destination.stagingOf(bed.settings), folder }),
    counts: (rowsStaged, inserted, updated) => {
      const isMerged = destination.about?.keeps !== "files";
      return { rowsStaged, rowsInserted: isMerged ? inserted : rowsStaged, rowsUpdated: isMerged ? updated : 0 };
    },
    receipts: async () => (await bed.rows("sync_receipt")).filter((row) => row["sync_id"] !== "lease"),
    setUp: (tablePrefix) =>
      bed.setUp?.(tablePrefix) ?? bed.administer(destination.setupScript(bed.settings, { tablePrefix })),
    loseReceipts: () => bed.loseReceipts?.() ?? bed.administer(deleteReceipts(bed)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The schema that the bed's tables are in, with its dot. */
export function schemaOf(bed: Testbed): string {
  const schema = bed.settings["schema"];
  return typeof schema === "string" ? `${schema}.` : "";
}

function deleteReceipts(bed: Testbed): string {
  return `DELETE FROM ${schemaOf(bed)}klaviyo_sync_receipt WHERE sync_id <> 'lease'`;
}

async function stageBatch(
  warehouse: Warehouse,
  request: BatchRequest & { format: Destination["staging"]; folder: string },
): Promise<Batch> {
  const { folder, format, files, metrics, planId = "rn00000000000001" } = request;
  const object = request.object ?? "profiles";
  const staged: StagedFile[] = [];
  for (const [index, rows] of files.entries()) {
    const file = await writeChangeFile({ folder, object, rows, format, planId, number: index + 1 });
    staged.push(await warehouse.stage(file));
  }
  const metricFile =
    metrics === undefined
      ? null
      : await warehouse.stage(await writeChangeFile({ folder, object: "metrics", rows: metrics, format, planId }));
  const seq = request.seq ?? 1;
  const position = (file: number): Position => ({ seq, file });
  return {
    syncId: (request.syncId ?? "cn00000000000001-profiles-periodic") as SyncId,
    planId: planId as RunId,
    object,
    first: position(1),
    last: position(files.length),
    files: staged,
    metricFile,
    rowsStaged: files.flat().length,
    syncedAt,
    rowsQuarantined: request.rowsQuarantined ?? 0,
  };
}

/** The receipt that a commit comes to, polled where the warehouse takes its time. */
export async function commit(warehouse: Warehouse, batch: Batch, fence = 1): Promise<Receipt> {
  let answer: Receipt | RunningCommit = await warehouse.commit(batch, fence);
  while ("token" in answer) answer = await warehouse.poll(answer.token);
  return answer;
}

/** The code of the failure that a promise comes to. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no failure",
    (error: { code?: string }) => error.code ?? String(error),
  );
}

/** The step with which the check of a connection ends: the one that failed, or the last. */
export async function lastStep(rig: WarehouseRig, request: OpenRequest = {}): Promise<CheckStep | undefined> {
  await using warehouse = await rig.open(request);
  let last: CheckStep | undefined;
  for await (const step of warehouse.check()) last = step;
  return last;
}
