import { loadDestination } from "../../destinations/registry.ts";
import { loadTestbed, onTestbed, type Testbed, testbedsOf } from "../../destinations/testbed.ts";
import type { Deps } from "../../flows/deps.ts";
import type { WarehouseFacts } from "./warehouse-facts.ts";

/** What plays a warehouse that is a cloud's, on this machine. */
export interface StandIn extends AsyncDisposable {
  readonly connection: { readonly kind: string; readonly settings: Record<string, unknown> };
  readonly place: string;
  facts(): Promise<WarehouseFacts>;
  /** Flows that reach the stand-in where they would dial the cloud. */
  onto(deps: Deps): Deps;
}

/** Starts the first stand-in of a kind: the same that the tests run on. */
export async function startStandIn(kind: string): Promise<StandIn> {
  const [[name, start] = []] = [...testbedsOf(kind, await loadTestbed(kind))];
  if (name === undefined || start === undefined) throw new TypeError(`${kind} has no testbed`);
  const bed = await start();
  const played = onTestbed(await loadDestination(kind), bed);
  return {
    connection: { kind, settings: bed.settings },
    place: `a stand-in of ${name} on this machine, gone when the demo ends`,
    facts: () => factsOf(bed),
    onto: (deps) => ({
      ...deps,
      destination: async (asked) => (asked === kind ? played : deps.destination(asked)),
      dial: bed.dial,
    }),
    [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
  };
}

/** Counted over the rows that the stand-in's engine answers to a plain SELECT. */
async function factsOf(bed: Testbed): Promise<WarehouseFacts> {
  const [profiles, events, metrics] = [await bed.rows("profile"), await bed.rows("event"), await bed.rows("metric")];
  const receipts = (await bed.rows("sync_receipt")).filter((row) => row["sync_id"] !== "lease");
  const distinct = (rows: readonly Record<string, unknown>[], column: string) =>
    new Set(rows.map((row) => row[column]).filter((value) => value !== null)).size;
  const ids = new Set(profiles.map((row) => row["id"]));
  return {
    profiles: profiles.length,
    distinctProfiles: distinct(profiles, "email"),
    moved: profiles.filter((row) => cityOf(row["location"]) === "Atlantis").length,
    events: events.length,
    distinctEvents: distinct(events, "unique_id"),
    eventsOfNobody: events.filter((row) => !ids.has(row["profile_id"])).length,
    valueSum: hundredths(events.reduce((sum, row) => sum + billionths(row["value"]), 0n)),
    metrics: distinct(metrics, "name"),
    receipts: receipts.length,
    receiptRows: receipts.reduce((sum, row) => sum + Number(row["rows_staged"]), 0),
  };
}

function cityOf(location: unknown): unknown {
  return typeof location === "object" && location !== null
    ? Object.entries(location).find(([key]) => key === "city")?.[1]
    : undefined;
}

/** A decimal with nine digits behind the point, as a whole number of them. */
function billionths(value: unknown): bigint {
  return value === null ? 0n : BigInt(String(value).replace(".", ""));
}

function hundredths(sum: bigint): string {
  const digits = String(sum / 10_000_000n).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
