import type { FileEntry } from "ssh2";
import { listingOf } from "./attributes.ts";
import type { SessionDesk } from "./file-requests.ts";
import type { Handles } from "./handles.ts";
import { placeOf, uploadPlaceOf } from "./places.ts";
import { denied, noSuchFile, Refusal } from "./refusal.ts";
import type { MadeFolders } from "./user-tree.ts";

/** Old clients take answers of at most 34,000 bytes. */
const answerBytesMax = 24_000;

/** The requests about folders of one SFTP session. Each method is one request; it throws a `Refusal` to say no. */
export class FolderRequests {
  readonly #desk: SessionDesk;
  readonly #handles: Handles;
  readonly #made: MadeFolders;

  constructor(desk: SessionDesk, handles: Handles, made: MadeFolders) {
    this.#desk = desk;
    this.#handles = handles;
    this.#made = made;
  }

  async open(path: string): Promise<Buffer> {
    this.#handles.checkRoom();
    const place = placeOf(path);
    const entry = place === undefined ? undefined : await this.#desk.tree.find(place);
    if (place === undefined || entry === undefined) throw noSuchFile();
    if (entry.kind !== "folder") throw new Refusal("FAILURE", "this is a file");
    return this.#handles.add({ kind: "listing", entries: this.#desk.tree.list(place) });
  }

  /** The next lines of a listing; none at its end. */
  async read(name: Buffer): Promise<readonly FileEntry[]> {
    const { entries } = this.#handles.of("listing", name);
    const lines: FileEntry[] = [];
    for (let bytes = 0; bytes < answerBytesMax; ) {
      const next = await entries.next();
      if (next.done === true) break;
      const line = listingOf(next.value);
      lines.push(line);
      bytes += Buffer.byteLength(line.filename) + Buffer.byteLength(line.longname) + 40;
    }
    return lines;
  }

  async make(path: string): Promise<void> {
    const place = uploadPlaceOf(path);
    const target = { folder: place.folder, below: place.name.split("/") };
    if ((await this.#desk.tree.find(target)) !== undefined) throw new Refusal("FAILURE", "the name is taken");
    await this.#desk.tree.checkFree(place);
    this.#made.add(this.#desk.user.id, `${place.folder}/${place.name}`);
  }

  async remove(path: string): Promise<void> {
    const place = placeOf(path);
    if (place === undefined) throw noSuchFile();
    if (place.folder === null || place.below.length === 0) throw denied("the folders at the top stay");
    const entry = await this.#desk.tree.find(place);
    if (entry === undefined) throw noSuchFile();
    if (entry.kind !== "folder") throw new Refusal("FAILURE", "this is a file");
    const { done } = await this.#desk.tree.list(place).next();
    if (done !== true) throw new Refusal("FAILURE", "the folder is not empty");
    this.#made.of(this.#desk.user.id).delete([place.folder, ...place.below].join("/"));
  }
}
