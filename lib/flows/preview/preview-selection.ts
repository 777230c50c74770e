import * as z from "zod";
import type { CostItem, Destination, LoadVolume } from "../../destinations/destination.ts";
import type { Connection, Selection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import { dataObjects } from "../../model/log.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import { selectionFields } from "../connections/requests.ts";
import type { Deps } from "../deps.ts";
import { requireAccount } from "../store/accounts.ts";
import { connectionsOf } from "../store/connections.ts";
import { measureVolume, type ObjectVolume } from "./measure-volume.ts";

export const PreviewRequest = z.strictObject({
  accountId: accountIdSchema,
  /** Without it, the kind of the account's connection. */
  kind: z.string().optional(),
  /** What is left out is as the connection has it, or everything. */
  selection: z.strictObject(selectionFields).default({}),
});

/** What a historical sync would bring and cost. */
export interface Preview {
  readonly kind: string;
  readonly selection: Omit<Selection, "version">;
  readonly objects: readonly ObjectVolume[];
  readonly total: LoadVolume;
  readonly isUpperBound: boolean;
  /** Null where it is not known what a load costs there. */
  readonly cost: { readonly dollars: number; readonly items: readonly CostItem[] } | null;
  readonly warnings: readonly string[];
}

/** Rows that a warehouse is taken to stage and merge in a second. Assumed, and on the slow side: no cloud was measured. */
const assumedRowsPerSecond = 20_000;

/** From here on a history is called large. */
const largeRows = 10_000_000;
const largeDollars = 10;

/** Estimates what a selection would send at first: rows, bytes, files, time, and what the warehouse asks for it. */
export async function previewSelection(
  deps: Deps,
  request: z.infer<typeof PreviewRequest>,
  _signal: AbortSignal,
): Promise<Preview> {
  await requireAccount(deps.table, request.accountId);
  const connections = await connectionsOf(deps.table, request.accountId);
  const active = connections.find((connection) => connection.state !== "removed");
  const kind = request.kind ?? active?.kind;
  if (kind === undefined)
    throw new SyncError("REQUEST_INVALID", { message: "the account has no connection: name the kind of warehouse" });
  const destination = await deps.destination(kind);
  const selection = selectionOf(request.selection, active);
  const objects = await Promise.all(
    selection.objects.map((object) => measureVolume(deps, request.accountId, object, selection)),
  );
  const total = totalOf(objects, destination);
  const items = destination.costs?.(total) ?? null;
  const cost = items === null ? null : { dollars: dollarsOf(items), items };
  const isUpperBound = objects.some((volume) => volume.isUpperBound);
  return { kind, selection, objects, total, isUpperBound, cost, warnings: warningsOf(total, cost?.dollars ?? 0) };
}

function selectionOf(
  given: z.infer<typeof PreviewRequest>["selection"],
  active: Connection | undefined,
): Omit<Selection, "version"> {
  const known = active?.selection;
  return {
    objects: given.objects ?? known?.objects ?? dataObjects,
    excludedIntegrations: given.excludedIntegrations ?? known?.excludedIntegrations ?? [],
    metrics: given.metrics === undefined ? (known?.metrics ?? null) : given.metrics,
    history: given.history ?? known?.history ?? "all",
  };
}

function totalOf(objects: readonly ObjectVolume[], { limits }: Destination): LoadVolume {
  const sum = (count: (volume: ObjectVolume) => number) => objects.reduce((total, each) => total + count(each), 0);
  const batchesOf = ({ rows, bytes, files }: ObjectVolume) =>
    Math.ceil(Math.max(rows / limits.batchRowsMax, bytes / limits.batchBytesMax, files / limits.batchFilesMax));
  const rows = sum((volume) => volume.rows);
  return {
    rows,
    bytes: sum((volume) => volume.bytes),
    files: sum((volume) => volume.files),
    batches: sum(batchesOf),
    seconds: Math.ceil(rows / assumedRowsPerSecond),
  };
}

function dollarsOf(items: readonly CostItem[]): number {
  return items.reduce((sum, { quantity, price }) => sum + quantity * price.dollars, 0);
}

function warningsOf({ rows }: LoadVolume, dollars: number): readonly string[] {
  if (rows < largeRows && dollars < largeDollars) return [];
  return [
    `A history of ${rows.toLocaleString("en-US")} rows costs compute and storage in your warehouse, the first load most of all: begin with 30d or 90d if you do not need all of it.`,
  ];
}
