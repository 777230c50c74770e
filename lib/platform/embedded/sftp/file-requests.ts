import { randomBytes } from "node:crypto";
import { join } from "node:path";
import ssh2, { type Attributes } from "ssh2";
import type { User } from "../../../model/account.ts";
import type { Instant } from "../../../model/time.ts";
import { attributesOf, type TreeEntry } from "./attributes.ts";
import { discardHandle, type Handle, Handles, OpenDownload } from "./handles.ts";
import { pathOfPlace, placeOf, segmentsOf, type UploadPlace, uploadPlaceOf } from "./places.ts";
import { denied, noSuchFile, Refusal } from "./refusal.ts";
import { UploadFile } from "./upload-file.ts";
import { removeUpload, renameUpload, storeUpload, type UploadDesk } from "./uploads.ts";
import type { UserTree } from "./user-tree.ts";

const { OPEN_MODE } = ssh2.utils.sftp;

/** What a session works with. */
export interface SessionDesk extends UploadDesk {
  readonly user: User;
  readonly tree: UserTree;
  /** Half uploads live here; on the disk of `files`, so that they need no copying. */
  readonly scratchFolder: string;
  readonly now: () => Instant;
}

const readBytesMax = 64 * 1024;
const rememberedMax = 1_000;

/** The requests about files of one SFTP session. Each method is one request; it throws a `Refusal` to say no. */
export class FileRequests {
  readonly #desk: SessionDesk;
  readonly handles = new Handles();
  // A client that looks after its upload must find it, though the import may have taken it away by then.
  readonly #stored = new Map<string, TreeEntry>();

  constructor(desk: SessionDesk) {
    this.#desk = desk;
  }

  async open(path: string, flags: number): Promise<Buffer> {
    this.handles.checkRoom();
    return (flags & OPEN_MODE.WRITE) === 0 ? this.#openDownload(path) : this.#openUpload(path, flags);
  }

  async read(name: Buffer, offset: number, bytes: number): Promise<Buffer> {
    return this.handles.of("download", name).file.read(offset, Math.min(bytes, readBytesMax));
  }

  async write(name: Buffer, offset: number, data: Uint8Array): Promise<void> {
    await this.handles.of("upload", name).file.write(offset, data);
  }

  /** The end of an upload: only now does the file exist. */
  async close(name: Buffer): Promise<void> {
    const handle = this.handles.take(name);
    if (handle.kind !== "upload") return discardHandle(handle);
    try {
      await handle.file.finish();
      const key = this.#desk.tree.uploadKey(handle.place);
      await storeUpload(this.#desk, this.#owner, key, handle.file.path);
      this.#remember(handle.place, handle.file.bytes);
    } finally {
      await handle.file.discard();
    }
  }

  async attributes(path: string): Promise<Attributes> {
    const place = placeOf(path);
    const entry = place === undefined ? undefined : ((await this.#desk.tree.find(place)) ?? this.#recalled(path));
    if (entry === undefined) throw noSuchFile();
    return attributesOf(entry);
  }

  handleAttributes(name: Buffer): Attributes {
    const handle = this.handles.get(name);
    if (handle.kind === "listing") throw new Refusal("FAILURE", "the handle is a folder's");
    return attributesOf(handle.kind === "download" ? handle.file.entry : this.#growing(handle));
  }

  /** Times and permissions are accepted and forgotten; a size is not, for a finished file never changes. */
  async setAttributes(path: string, attributes: Partial<Attributes>): Promise<void> {
    segmentsOf(path);
    if (attributes.size !== undefined) throw denied("a finished file never changes; upload it whole");
  }

  async setHandleAttributes(name: Buffer, attributes: Partial<Attributes>): Promise<void> {
    const handle = this.handles.get(name);
    if (attributes.size !== undefined && handle.kind === "upload") await handle.file.truncate(attributes.size);
  }

  async rename(from: string, to: string): Promise<void> {
    const place = uploadPlaceOf(from);
    const target = uploadPlaceOf(to);
    const file = await this.#fileToChange(place);
    await renameUpload(this.#desk, this.#owner, this.#desk.tree, file, target);
    this.#stored.delete(pathOfPlace(place));
    this.#remember(target, file.bytes);
  }

  async remove(path: string): Promise<void> {
    const place = uploadPlaceOf(path);
    await removeUpload(this.#desk, this.#owner, await this.#fileToChange(place));
    this.#stored.delete(pathOfPlace(place));
  }

  get #owner() {
    return { accountId: this.#desk.user.accountId, userId: this.#desk.user.id };
  }

  async #fileToChange(place: UploadPlace) {
    const file = await this.#desk.tree.file({ folder: place.folder, below: place.name.split("/") });
    if (file !== undefined) return file;
    if (this.#stored.has(pathOfPlace(place))) throw denied("the import has taken this file already");
    throw noSuchFile();
  }

  async #openDownload(path: string): Promise<Buffer> {
    const place = placeOf(path);
    const file = place === undefined ? undefined : await this.#desk.tree.file(place);
    if (file === undefined) throw noSuchFile();
    const local = await this.#desk.files.download(file.key, { version: file.version });
    return this.handles.add({ kind: "download", file: await OpenDownload.open(file, local) });
  }

  async #openUpload(path: string, flags: number): Promise<Buffer> {
    const place = uploadPlaceOf(path);
    await this.#desk.tree.checkFree(place);
    const existing = await this.#desk.tree.file({ folder: place.folder, below: place.name.split("/") });
    if (existing === undefined && (flags & OPEN_MODE.CREAT) === 0) throw noSuchFile();
    if (existing !== undefined && (flags & OPEN_MODE.EXCL) !== 0) throw new Refusal("FAILURE", "the file exists");
    const isWholeFile = (flags & OPEN_MODE.TRUNC) !== 0 && (flags & OPEN_MODE.APPEND) === 0;
    if (existing !== undefined && !isWholeFile) {
      throw denied("a finished file is not appended to or resumed; upload it whole");
    }
    const scratch = join(this.#desk.scratchFolder, randomBytes(12).toString("hex"));
    return this.handles.add({ kind: "upload", place, file: await UploadFile.create(scratch) });
  }

  #growing(handle: Extract<Handle, { kind: "upload" }>): TreeEntry {
    return { ...this.#entryOf(handle.place, handle.file.bytes) };
  }

  #entryOf(place: UploadPlace, bytes: number): TreeEntry {
    return { name: place.name, kind: "file", bytes, modifiedAt: this.#desk.now(), isReadOnly: false };
  }

  #remember(place: UploadPlace, bytes: number): void {
    if (this.#stored.size >= rememberedMax) this.#stored.clear();
    this.#stored.set(pathOfPlace(place), this.#entryOf(place, bytes));
  }

  #recalled(path: string): TreeEntry | undefined {
    return this.#stored.get(`/${segmentsOf(path).join("/")}`);
  }
}
