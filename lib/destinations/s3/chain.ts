import { SyncError } from "../../model/errors.ts";
import type { SyncId } from "../../model/ids.ts";
import { comparePositions, type DataObject, type Position } from "../../model/log.ts";
import type { Layout } from "./layout.ts";
import { type BatchManifest, type Manifest, manifestText, parseManifest } from "./manifest.ts";
import type { Objects } from "./objects.ts";

/** Objects of others that may lie among the manifests without hiding the newest from us. */
const strangersMax = 20;
/** Manifests read ahead, once a walk shows that it is a long one. */
const readAhead = 32;

/**
 * The manifests of one table, numbered without a gap: whoever writes number n + 1 first has it, by `If-None-Match`.
 * A writer that was overtaken finds the number taken, however late its request arrives.
 */
export interface Chain {
  /** The newest manifest. Throws `OBJECT_MISSING` where the table was never begun, or taken away. */
  head(): Promise<Manifest>;
  /** Undefined where there is none of that number. */
  read(number: number): Promise<Manifest | undefined>;
  /** Adds the manifest; answers the one that has its number already, where that is another's. */
  append(manifest: Manifest): Promise<Manifest | undefined>;
  /**
   * Batches of a sync that end after a position, in log order. Walks back from `head` and stops where none before can
   * end later. Throws `RECEIPT_GONE` where one on the way is gone.
   */
  batches(head: Manifest, syncId: SyncId, after: Position): Promise<readonly BatchManifest[]>;
}

export function openChain(objects: Objects, layout: Layout, object: DataObject): Chain {
  const read = async (number: number) => {
    const key = layout.manifestKey(object, number);
    const text = await objects.text(key);
    if (text === undefined) return undefined;
    const manifest = parseManifest(text);
    if (manifest !== undefined && manifest.number === number) return manifest;
    throw new SyncError("FOREIGN_RECEIPTS", { message: `${key} is no manifest of ours` });
  };
  const readThere = async (number: number) => {
    const manifest = await read(number);
    if (manifest !== undefined) return manifest;
    throw new SyncError("RECEIPT_GONE", { message: `${layout.manifestKey(object, number)} is gone` });
  };
  return {
    read,
    head: async () => {
      const keys = await objects.list(layout.chainFolder(object), strangersMax);
      const number = keys.map((key) => layout.manifestNumber(object, key)).find((found) => found !== undefined);
      if (number !== undefined) return readThere(number);
      throw new SyncError("OBJECT_MISSING", {
        message: `there is no manifest below ${layout.chainFolder(object)}: the table was never begun, or its manifests were deleted`,
      });
    },
    append: async (manifest) => {
      const outcome = await objects.putIfAbsent(layout.manifestKey(object, manifest.number), {
        content: manifestText(manifest),
      });
      if (outcome === "created") return undefined;
      const there = await readThere(manifest.number);
      return there.id === manifest.id ? undefined : there;
    },
    batches: async (head, syncId, after) => {
      const near = new Map([[head.number, Promise.resolve(head)]]);
      const found: BatchManifest[] = [];
      for (let number = head.chain.syncs[syncId]?.number ?? null; number !== null; ) {
        // Others' manifests lie between, so a few are read in vain; one after the other would take far longer.
        if (!near.has(number) && found.length > 1) prefetch(near, number, readThere);
        const manifest = await (near.get(number) ?? readThere(number));
        if (manifest.kind !== "batch" || manifest.sync_id !== syncId)
          throw new SyncError("RECEIPT_GONE", { message: `manifest ${number} is not the one that it was` });
        const reach = manifest.chain.syncs[syncId];
        if (reach === undefined || comparePositions(reach, after) <= 0) break;
        found.push(manifest);
        number = manifest.previous;
      }
      return found
        .filter((manifest) => comparePositions(endOf(manifest), after) > 0)
        .sort((a, b) => comparePositions(endOf(a), endOf(b)));
    },
  };
}

function prefetch(
  near: Map<number, Promise<Manifest>>,
  newest: number,
  read: (number: number) => Promise<Manifest>,
): void {
  near.clear();
  for (let number = newest; number > Math.max(0, newest - readAhead); number -= 1) {
    const reading = read(number);
    // One that nobody comes to wait for must not end the process.
    reading.catch(() => undefined);
    near.set(number, reading);
  }
}

function endOf(manifest: BatchManifest): Position {
  return { seq: manifest.to_seq, file: manifest.last_file };
}
