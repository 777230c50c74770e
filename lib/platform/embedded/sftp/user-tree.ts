import type { FileInfo, Files } from "../../../flows/ports.ts";
import { fileKeys, pastPrefix } from "../../../flows/store/keys.ts";
import type { User } from "../../../model/account.ts";
import type { Instant } from "../../../model/time.ts";
import { isTemporaryUpload } from "../../../model/upload-name.ts";
import type { TreeEntry } from "./attributes.ts";
import { type Place, topFolders, type UploadPlace } from "./places.ts";
import { Refusal } from "./refusal.ts";

/** A file of the tree and the object behind it. */
export interface TreeFile extends TreeEntry {
  readonly kind: "file";
  readonly key: string;
  readonly version: string;
}

const folderTime = 0 as Instant;
const pageObjects = 200;
const foldersMax = 1_000;

/** Folders that users made and that hold nothing yet. Forgotten at the end of the process; uploads need none. */
export class MadeFolders {
  readonly #byUser = new Map<string, Set<string>>();

  of(userId: string): Set<string> {
    const made = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, made);
    return made;
  }

  add(userId: string, path: string): void {
    const made = this.of(userId);
    if (made.size >= foldersMax) throw new Refusal("FAILURE", `more than ${foldersMax} empty folders`);
    made.add(path);
  }
}

/** What one user sees: the objects under their own prefixes, and nothing else, whatever the path. */
export class UserTree {
  readonly #files: Files;
  readonly #user: User;
  readonly made: Set<string>;

  constructor(files: Files, user: User, made: Set<string>) {
    this.#files = files;
    this.#user = user;
    this.made = made;
  }

  /** The key under which an upload of that name lies. */
  uploadKey(place: UploadPlace): string {
    const area = isTemporaryUpload(place.name) ? fileKeys.held : fileKeys.inbox;
    return area(this.#user.accountId, this.#user.id, `${place.folder}/${place.name}`);
  }

  async find(place: Place): Promise<TreeEntry | undefined> {
    return (await this.file(place)) ?? ((await this.#isFolder(place)) ? folderAt(place) : undefined);
  }

  async file(place: Place): Promise<TreeFile | undefined> {
    if (place.folder === null || place.below.length === 0) return undefined;
    for (const prefix of this.#prefixes(place.folder)) {
      const info = await this.#files.stat(prefix + place.below.join("/"));
      if (info !== undefined) return fileAt(info, place);
    }
    return undefined;
  }

  /** Refuses a place where a folder lies already, or one of whose parents is a file. */
  async checkFree(place: UploadPlace): Promise<void> {
    const below = place.name.split("/");
    if (await this.#isFolder({ folder: place.folder, below })) {
      throw new Refusal("FAILURE", "a folder has this name");
    }
    for (let depth = 1; depth < below.length; depth += 1) {
      if ((await this.file({ folder: place.folder, below: below.slice(0, depth) })) !== undefined) {
        throw new Refusal("FAILURE", `${below.slice(0, depth).join("/")} is a file, not a folder`);
      }
    }
  }

  /** What lies directly in a folder, in no promised order. */
  async *list(place: Place): AsyncGenerator<TreeEntry> {
    if (place.folder === null) {
      for (const folder of topFolders) yield folderAt({ folder, below: [] });
      return;
    }
    const path = place.below.map((segment) => `${segment}/`).join("");
    const seen = new Set<string>();
    for (const prefix of this.#prefixes(place.folder)) {
      for await (const entry of this.#children(prefix + path, place)) {
        if (!seen.has(entry.name)) yield entry;
        seen.add(entry.name);
      }
    }
    const here = `${place.folder}/${path}`;
    for (const made of this.made) {
      const name = made.slice(here.length).split("/")[0] ?? "";
      if (made.startsWith(here) && !seen.has(name)) yield folderAt({ ...place, below: [...place.below, name] });
      if (made.startsWith(here)) seen.add(name);
    }
  }

  /** One page of objects at a time, jumping over what lies in a sub-folder. */
  async *#children(prefix: string, place: Place & { folder: string }): AsyncGenerator<TreeEntry> {
    for (let after = prefix; ; ) {
      const page = await this.#files.list(prefix, { after, limit: pageObjects });
      let jump: string | undefined;
      for (const info of page) {
        const [name = "", ...deeper] = info.key.slice(prefix.length).split("/");
        const child = { ...place, below: [...place.below, name] };
        yield deeper.length === 0 ? fileAt(info, child) : folderAt(child);
        if (deeper.length > 0) {
          jump = pastPrefix(`${prefix}${name}/`);
          break;
        }
      }
      const last = page.at(-1);
      if (jump === undefined && (last === undefined || page.length < pageObjects)) return;
      after = jump ?? last?.key ?? after;
    }
  }

  async #isFolder(place: Place): Promise<boolean> {
    if (place.folder === null || place.below.length === 0) return true;
    const path = `${place.below.join("/")}/`;
    const full = `${place.folder}/${path}`;
    if ([...this.made].some((made) => `${made}/`.startsWith(full))) return true;
    for (const prefix of this.#prefixes(place.folder)) {
      if ((await this.#files.list(prefix + path, { limit: 1 })).length > 0) return true;
    }
    return false;
  }

  #prefixes(folder: string): readonly string[] {
    const { accountId, id } = this.#user;
    if (folder === "results") return [fileKeys.results(accountId, id, "")];
    return [fileKeys.inbox(accountId, id, `${folder}/`), fileKeys.held(accountId, id, `${folder}/`)];
  }
}

function isReadOnly(place: Place): boolean {
  return place.folder === null || place.folder === "results";
}

function fileAt(info: FileInfo, place: Place): TreeFile {
  const { key, version, bytes, modifiedAt } = info;
  const name = place.below.at(-1) ?? "";
  return { name, kind: "file", bytes, modifiedAt, isReadOnly: isReadOnly(place), key, version };
}

function folderAt(place: Place): TreeEntry {
  const name = place.below.at(-1) ?? place.folder ?? "/";
  return { name, kind: "folder", bytes: 0, modifiedAt: folderTime, isReadOnly: isReadOnly(place) };
}
