import { loadDestination } from "../../lib/destinations/registry.ts";
import { exactJson, loadTestbed, onTestbed, type Testbed, testbedsOf } from "../../lib/destinations/testbed.ts";
import type { Deps } from "../../lib/flows/deps.ts";
import type { ChangeRow } from "../support/change-files.ts";
import { FaultyDestination } from "../support/faulty-destination.ts";
import { type SyncRig, syncRig } from "../support/sync-rig.ts";
import { poison } from "./source.ts";

/** A row as it is compared: what was sent of it, every value in one spelling. */
export type Content = Readonly<Record<string, unknown>>;

/** The flows over a faulty warehouse, and an honest look at what that holds. */
export interface Place extends AsyncDisposable {
  readonly rig: SyncRig;
  readonly faulty: FaultyDestination;
  /** Part of the profiles that this warehouse cannot hold. */
  readonly poisonShare: number;
  connect(): Promise<void>;
  rows(object: "profiles" | "events"): Promise<ReadonlyMap<string, Content>>;
}

/** Sets up a kind's first stand-in, or the warehouse in memory. */
export async function openPlace(kind: string, seed: number): Promise<Place> {
  return kind === "memory" ? memoryPlace(seed) : testbedPlace(kind, seed);
}

async function memoryPlace(seed: number): Promise<Place> {
  let faulty: FaultyDestination | undefined;
  const faultyOf = (rig: SyncRig) => {
    rig.server.limits = { ...rig.server.limits, batchFilesMax: 3 };
    faulty ??= new FaultyDestination(rig.server.destination, seed);
    return faulty;
  };
  const rig: SyncRig = await syncRig(seed, { destination: async () => faultyOf(rig).destination });
  return {
    rig,
    faulty: faultyOf(rig),
    poisonShare: 0.03,
    connect: async () => {
      rig.server.mischief.refuses = (row) => row["title"] === poison;
      await rig.connect();
    },
    rows: async (object) => contents([...rig.server.tables[object].values()], object),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

async function testbedPlace(kind: string, seed: number): Promise<Place> {
  await using building = new AsyncDisposableStack();
  const [start] = testbedsOf(kind, await loadTestbed(kind)).values();
  if (start === undefined) throw new TypeError(`${kind} has no testbed`);
  const bed: Testbed = building.use(await start());
  const faulty = new FaultyDestination(onTestbed(await loadDestination(kind), bed), seed);
  const given: Partial<Deps> = {
    destination: async () => faulty.destination,
    destinationKinds: [kind],
    dial: bed.dial,
    accountFolder: () => bed.folder,
  };
  const rig = building.use(await syncRig(seed, given));
  const kept = building.move();
  return {
    rig,
    faulty,
    poisonShare: 0,
    connect: async () => void (await rig.connect({ kind, settings: bed.settings })),
    rows: async (object) => contents(await bed.rows(object === "profiles" ? "profile" : "event"), object),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Rows of the warehouse or of the source, for comparison. */
export function contents(
  rows: readonly (ChangeRow | Content)[],
  object: "profiles" | "events",
): ReadonlyMap<string, Content> {
  return new Map(rows.map((row) => [String(row["id"]), contentOf(row, object)]));
}

function contentOf(row: ChangeRow | Content, object: "profiles" | "events"): Content {
  const json = (value: unknown) => (typeof value === "string" ? exactJson(value) : (value ?? null));
  if (object === "profiles")
    return { seq: String(row["_seq"]), title: row["title"], properties: json(row["properties"]) };
  return { unique: row["unique_id"], value: Number(row["value"]), properties: json(row["event_properties"]) };
}
