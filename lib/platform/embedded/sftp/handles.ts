import { type FileHandle, open } from "node:fs/promises";
import type { LocalFile } from "../../../flows/ports.ts";
import type { TreeEntry } from "./attributes.ts";
import type { UploadPlace } from "./places.ts";
import { Refusal } from "./refusal.ts";
import type { UploadFile } from "./upload-file.ts";
import type { TreeFile } from "./user-tree.ts";

/** What a client has open. */
export type Handle =
  | { readonly kind: "upload"; readonly place: UploadPlace; readonly file: UploadFile }
  | { readonly kind: "download"; readonly file: OpenDownload }
  | { readonly kind: "listing"; readonly entries: AsyncGenerator<TreeEntry> };

const handlesMax = 64;

/** The open handles of one session. */
export class Handles {
  readonly #open = new Map<number, Handle>();
  #last = 0;
  #isOver = false;

  async add(handle: Handle): Promise<Buffer> {
    if (this.#isOver) {
      await discardHandle(handle);
      throw new Refusal("FAILURE", "the session is over");
    }
    this.#last += 1;
    this.#open.set(this.#last, handle);
    const name = Buffer.alloc(4);
    name.writeUInt32BE(this.#last);
    return name;
  }

  /** To be called before anything is opened. */
  checkRoom(): void {
    if (this.#open.size >= handlesMax) throw new Refusal("FAILURE", `more than ${handlesMax} files are open`);
  }

  get(name: Buffer): Handle {
    const handle = name.length === 4 ? this.#open.get(name.readUInt32BE()) : undefined;
    if (handle === undefined) throw new Refusal("FAILURE", "no such handle");
    return handle;
  }

  /** The handle of that kind. */
  of<Kind extends Handle["kind"]>(kind: Kind, name: Buffer): Extract<Handle, { kind: Kind }> {
    const handle = this.get(name);
    if (handle.kind !== kind) throw new Refusal("FAILURE", "the handle was opened for something else");
    return handle as Extract<Handle, { kind: Kind }>;
  }

  /** Takes the handle away: it is the caller's to end. */
  take(name: Buffer): Handle {
    const handle = this.get(name);
    this.#open.delete(name.readUInt32BE());
    return handle;
  }

  /** The session is over: half uploads leave nothing. */
  async discardAll(): Promise<void> {
    this.#isOver = true;
    const handles = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(handles.map(discardHandle));
  }
}

/** Ends a handle without any effect. */
export async function discardHandle(handle: Handle): Promise<void> {
  if (handle.kind === "upload") await handle.file.discard();
  else if (handle.kind === "download") await handle.file.close();
  else await handle.entries.return(undefined);
}

/** A file of the tree, open for reading: what was there at opening, whatever happens to its name. */
export class OpenDownload {
  readonly entry: TreeFile;
  readonly #local: LocalFile;
  readonly #file: FileHandle;

  private constructor(entry: TreeFile, local: LocalFile, file: FileHandle) {
    this.entry = entry;
    this.#local = local;
    this.#file = file;
  }

  static async open(entry: TreeFile, local: LocalFile): Promise<OpenDownload> {
    try {
      return new OpenDownload(entry, local, await open(local.path, "r"));
    } catch (error) {
      await local[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** At most `bytes` from `offset`; empty at the end. */
  async read(offset: number, bytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await this.#file.read(buffer, 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#local[Symbol.asyncDispose]();
  }
}
