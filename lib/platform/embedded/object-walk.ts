import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { unescapeSegment } from "../file-names.ts";
import { folderOf, marks } from "./object-paths.ts";

export interface WalkedObject {
  readonly key: string;
  readonly path: string;
  readonly kind: "object" | "versions";
}

interface Child {
  /** The key; of a folder, the start of its keys, with the slash. */
  readonly key: string;
  readonly order: Buffer;
  readonly path: string;
  readonly kind: "object" | "versions" | "folder";
}

/** Objects whose key starts with `prefix` and comes after `after`, in byte order of their keys. */
export async function* walkObjects(root: string, prefix: string, after = ""): AsyncIterable<WalkedObject> {
  const segments = prefix.split("/").slice(0, -1);
  const start = segments.map((segment) => `${segment}/`).join("");
  const bounds = { prefix, after: Buffer.from(after) };
  yield* walkFolder(folderOf(root, segments), start, bounds);
}

type Bounds = { readonly prefix: string; readonly after: Buffer };

async function* walkFolder(folder: string, start: string, bounds: Bounds): AsyncIterable<WalkedObject> {
  const children = await childrenOf(folder, start, "");
  children.sort((a, b) => Buffer.compare(a.order, b.order));
  for (const { key, order, path, kind } of children) {
    if (kind === "folder") {
      const isInPrefix = key.startsWith(bounds.prefix) || bounds.prefix.startsWith(key);
      // All keys of the folder come before `after` unless `after` itself starts with the folder's key.
      const isPassed = Buffer.compare(bounds.after, order) > 0 && !bounds.after.subarray(0, order.length).equals(order);
      if (isInPrefix && !isPassed) yield* walkFolder(path, key, bounds);
    } else if (key.startsWith(bounds.prefix) && Buffer.compare(order, bounds.after) > 0) {
      yield { key, path, kind };
    }
  }
}

/** What lies in a folder, with the pieces of long names put together. */
async function childrenOf(folder: string, start: string, nameSoFar: string): Promise<Child[]> {
  const children: Child[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const mark = name.at(-1) ?? "";
    const stem = nameSoFar + name.slice(0, -1);
    if (mark === marks.piece) {
      children.push(...(await childrenOf(path, start, stem)));
    } else if (mark === marks.folder) {
      children.push(child(`${start}${unescapeSegment(stem)}/`, path, "folder"));
    } else if (mark === marks.versions) {
      children.push(child(start + unescapeSegment(stem), path, "versions"));
    } else {
      children.push(child(start + unescapeSegment(nameSoFar + name), path, "object"));
    }
  }
  return children;
}

function child(key: string, path: string, kind: Child["kind"]): Child {
  return { key, order: Buffer.from(key), path, kind };
}

/** Names in a folder; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
